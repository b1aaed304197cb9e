/* SPDX-License-Identifier: Apache-2.0 */
/* What is the same for all kinds of objects; control_<kind>.c has what differs. */
#include "base/mem.h"
#include "base/str.h"
#include "manager/control_kinds.h"

/* SwarmKit words it differently for services. */
static int name_the_conflict(const struct control *c, int r)
{
    if (r == ERR_ALREADY_EXISTS && c->kind == OBJECT_SERVICE)
        return err_wrap(c->e, r, "name conflicts with an existing object");
    return r;
}

static int refuse(const struct control *c, const char *what)
{
    return err_set(c->e, ERR_UNIMPLEMENTED, "%s a %s is not supported", what,
                   object_kind_name(c->kind));
}

/* ---- create ---- */

/* Puts id and spec into an empty object; the spec moves in. */
static int fill(const struct control *c, struct object *o, void *spec)
{
    switch (c->kind) {
    case OBJECT_CLUSTER:
        o->cluster->spec = spec;
        return message_set_string(&o->cluster->id, c->id);
    case OBJECT_NODE:
        o->node->spec = spec;
        return message_set_string(&o->node->id, c->id);
    case OBJECT_SERVICE:
        o->service->spec = spec;
        return message_set_string(&o->service->id, c->id);
    case OBJECT_SECRET:
        o->secret->spec = spec;
        return message_set_string(&o->secret->id, c->id);
    default:
        o->config->spec = spec;
        return message_set_string(&o->config->id, c->id);
    }
}

static bool is_creatable(enum object_kind kind)
{
    return kind == OBJECT_CLUSTER || kind == OBJECT_NODE || kind == OBJECT_SERVICE ||
           kind == OBJECT_SECRET || kind == OBJECT_CONFIG;
}

/* A new object of the kind, with id and spec. spec moves in. */
static int make(const struct control *c, void *spec, struct object **out)
{
    cleanup_message ProtobufCMessage *owned_spec = spec;
    if (!is_creatable(c->kind))
        return refuse(c, "creating");
    cleanup_message ProtobufCMessage *m = message_new(object_descriptor(c->kind));
    if (!m)
        return err_no_memory(c->e);
    struct object bare = {.kind = c->kind, .message = m};
    if (fill(c, &bare, TAKE(owned_spec)))
        return err_no_memory(c->e);
    return object_new(c->kind, TAKE(m), out) ? err_no_memory(c->e) : 0;
}

static int complete(const struct control *c, struct object *new)
{
    switch (c->kind) {
    case OBJECT_SERVICE:
        return service_control_create(c, new->service);
    case OBJECT_NODE:
        return node_control_create(c, new->node);
    case OBJECT_CLUSTER:
        return cluster_control_create(c, new->cluster);
    default:
        return 0;
    }
}

/* The object as written, for a caller who wants it. */
static void lend(const struct control *c, const struct object **out)
{
    if (out)
        *out = store_get(c->view, c->kind, c->id);
}

int control_create(struct store_tx *tx, const struct manager_env *env,
                   enum object_kind kind, const char *id, void *spec,
                   const struct object **out, struct err *e)
{
    const struct control c = {
        .tx = tx, .view = store_tx_view(tx), .env = env, .kind = kind, .id = id, .e = e};
    cleanup_object struct object *new = NULL;
    int r = make(&c, spec, &new);
    if (!r)
        r = complete(&c, new);
    if (!r)
        r = name_the_conflict(&c, store_tx_create(tx, TAKE(new), e));
    if (!r)
        lend(&c, out);
    return r;
}

/* ---- update ---- */

static int change(const struct control *c, struct object *copy, ProtobufCMessage **spec)
{
    switch (c->kind) {
    case OBJECT_SECRET:
    case OBJECT_CONFIG:
        return payload_control_update(c, copy, spec);
    case OBJECT_SERVICE:
        return service_control_update(c, copy->service, spec);
    case OBJECT_NODE:
        return node_control_update(c, copy->node, spec);
    case OBJECT_CLUSTER:
        return cluster_control_update(c, copy->cluster, spec);
    default:
        return refuse(c, "updating");
    }
}

static int find(const struct control *c, const struct object **out)
{
    *out = store_get(c->view, c->kind, c->id);
    if (*out)
        return 0;
    return err_set(c->e, ERR_NOT_FOUND, "%s %s not found", object_kind_name(c->kind),
                   c->id);
}

int control_update(struct store_tx *tx, const struct manager_env *env,
                   enum object_kind kind, const char *id,
                   const struct control_update *how, void *spec,
                   const struct object **out, struct err *e)
{
    const struct control c = {.tx = tx,
                              .view = store_tx_view(tx),
                              .env = env,
                              .kind = kind,
                              .id = id,
                              .how = how,
                              .e = e};
    cleanup_message ProtobufCMessage *owned_spec = spec;
    cleanup_object struct object *copy = NULL;
    const struct object *old;
    int r = find(&c, &old);
    if (r)
        return r;
    if (object_copy(old, &copy))
        return err_no_memory(e);
    r = change(&c, copy, &owned_spec);
    if (!r)
        r = store_tx_update_version(tx, TAKE(copy), how->version, e);
    if (!r)
        lend(&c, out);
    return r;
}

/* ---- remove ---- */

static int allow_removal(const struct control *c, const struct object *o)
{
    switch (c->kind) {
    case OBJECT_SECRET:
    case OBJECT_CONFIG:
        return payload_control_remove(c, o);
    case OBJECT_SERVICE:
        return 0;
    case OBJECT_NODE:
        return node_control_remove(c, o);
    default:
        return refuse(c, "removing");
    }
}

int control_remove(struct store_tx *tx, const struct manager_env *env,
                   enum object_kind kind, const char *id, bool force, struct err *e)
{
    const struct control c = {.tx = tx,
                              .view = store_tx_view(tx),
                              .env = env,
                              .kind = kind,
                              .id = id,
                              .force = force,
                              .e = e};
    const struct object *o;
    int r = find(&c, &o);
    if (!r)
        r = allow_removal(&c, o);
    return r ? r : store_tx_remove(tx, kind, id, e);
}
