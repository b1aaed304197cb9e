/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <assert.h>
#include <stdlib.h>

#include "store/store.h"

/* Objects for the store's tests. These helpers run out of memory only where a test didn't
 * ask for it, so they assert. */

static inline struct object *fixture_wrap(enum object_kind kind, void *message)
{
    struct object *o = NULL;
    assert(message && object_new(kind, message, &o) == 0);
    return o;
}

static inline void fixture_set(char **field, const char *value)
{
    int r = message_set_string(field, value);
    assert(r == 0);
}

/* An object of a kind with an id and, where the kind has one, a name (a node's is its
 * host name, a task's that of its container). */
static inline struct object *fixture_object(enum object_kind kind, const char *id,
                                            const char *name)
{
    ProtobufCMessage *message = message_new(object_descriptor(kind));
    struct object *o = fixture_wrap(kind, message);
    if (kind == OBJECT_NODE) {
        o->node->description = message_new(&swarm__node_description__descriptor);
        assert(o->node->description);
        fixture_set(&o->node->id, id);
        fixture_set(&o->node->description->hostname, name);
        return o;
    }
    /* All kinds but the node have their annotations and id at hand. */
    char **ids[OBJECT_KINDS] = {
        [OBJECT_CLUSTER] = &o->cluster->id, [OBJECT_SERVICE] = &o->service->id,
        [OBJECT_TASK] = &o->task->id,       [OBJECT_NETWORK] = &o->network->id,
        [OBJECT_SECRET] = &o->secret->id,   [OBJECT_CONFIG] = &o->config->id,
    };
    fixture_set(ids[kind], id);
    fixture_set((char **)(uintptr_t)&object_annotations(o)->name, name);
    return o;
}

static inline Swarm__ContainerSpec *fixture_container(Swarm__TaskSpec *spec)
{
    if (spec->runtime_case != SWARM__TASK_SPEC__RUNTIME_CONTAINER) {
        spec->container = message_new(&swarm__container_spec__descriptor);
        assert(spec->container);
        spec->runtime_case = SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    }
    return spec->container;
}

static inline Swarm__TaskSpec *fixture_task_spec(struct object *o)
{
    return o->kind == OBJECT_TASK ? o->task->spec : o->service->spec->task;
}

/* Lets a service or task refer to a secret. */
static inline void fixture_use_secret(struct object *o, const char *secret_id)
{
    Swarm__ContainerSpec *c = fixture_container(fixture_task_spec(o));
    Swarm__SecretReference *ref = message_new(&swarm__secret_reference__descriptor);
    assert(ref);
    fixture_set(&ref->secret_id, secret_id);
    int r = message_append(&c->n_secrets, &c->secrets, ref);
    assert(r == 0);
}

static inline void fixture_use_config(struct object *o, const char *config_id)
{
    Swarm__ContainerSpec *c = fixture_container(fixture_task_spec(o));
    Swarm__ConfigReference *ref = message_new(&swarm__config_reference__descriptor);
    assert(ref);
    fixture_set(&ref->config_id, config_id);
    int r = message_append(&c->n_configs, &c->configs, ref);
    assert(r == 0);
}

static inline struct object *fixture_task(const char *id, const char *service,
                                          const char *node)
{
    struct object *o = fixture_object(OBJECT_TASK, id, "");
    fixture_set(&o->task->service_id, service);
    fixture_set(&o->task->node_id, node);
    return o;
}

/* Begins a transaction on the committed store. */
static inline struct store_tx *fixture_begin(struct store *s, int64_t now)
{
    struct store_tx *tx = NULL;
    int r = store_tx_begin(store_view(s), now, &tx);
    assert(r == 0);
    return tx;
}

/* Puts one object into the committed store by a transaction of its own. */
static inline void fixture_commit(struct store *s, struct object *o)
{
    struct store_tx *tx = fixture_begin(s, 1);
    int r = store_tx_create(tx, o, NULL);
    assert(r == 0);
    store_apply(s, tx);
}
