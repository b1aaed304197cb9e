/* SPDX-License-Identifier: Apache-2.0 */
#include "manager/dependencies.h"

#include <assert.h>

void dependencies_init(struct dependencies *d)
{
    *d = (struct dependencies){0};
    list_init(&d->changed);
}

static void free_all(struct map *m)
{
    for (size_t i = 0; i < m->len; i++)
        free(m->entries[i].value);
    map_deinit(m);
}

void dependencies_deinit(struct dependencies *d)
{
    free_all(&d->secrets);
    free_all(&d->configs);
    dependencies_init(d);
}

static struct map *map_of(struct dependencies *d, enum object_kind kind)
{
    return kind == OBJECT_SECRET ? &d->secrets : &d->configs;
}

static struct dependency *make(struct dependencies *d, enum object_kind kind,
                               const char *id)
{
    struct dependency *x = map_get(map_of(d, kind), id);
    if (x)
        return x;
    size_t size = strlen(id) + 1;
    x = calloc(1, sizeof(*x) + size);
    if (!x)
        return NULL;
    list_init(&x->changed);
    x->kind = kind;
    memcpy(x->id, id, size);
    if (map_put(map_of(d, kind), id, x, NULL)) {
        free(x);
        return NULL;
    }
    return x;
}

static void note_change(struct dependencies *d, struct dependency *x)
{
    list_remove(&x->changed);
    list_append(&d->changed, &x->changed);
}

static int add(struct dependencies *d, enum object_kind kind, const char *id)
{
    struct dependency *x = make(d, kind, id);
    if (!x)
        return ERR_NO_MEMORY;
    if (x->users++ == 0)
        note_change(d, x);
    return 0;
}

static void release(struct dependencies *d, enum object_kind kind, const char *id)
{
    struct dependency *x = map_get(map_of(d, kind), id);
    assert(x && x->users);
    if (--x->users == 0)
        note_change(d, x);
}

static const Swarm__ContainerSpec *container_of(const Swarm__Task *t)
{
    return t->spec->runtime_case == SWARM__TASK_SPEC__RUNTIME_CONTAINER
               ? t->spec->container
               : NULL;
}

/* The node finds out itself what a reference (se://) stands for. */
static bool is_ours(const Swarm__SecretReference *r)
{
    return !secret_reference_is(r->secret_name);
}

int dependencies_add(struct dependencies *d, const Swarm__Task *t)
{
    const Swarm__ContainerSpec *c = container_of(t);
    int r = 0;
    for (size_t i = 0; c && !r && i < c->n_secrets; i++)
        r = is_ours(c->secrets[i]) ? add(d, OBJECT_SECRET, c->secrets[i]->secret_id) : 0;
    for (size_t i = 0; c && !r && i < c->n_configs; i++)
        r = add(d, OBJECT_CONFIG, c->configs[i]->config_id);
    return r;
}

void dependencies_release(struct dependencies *d, const Swarm__Task *t)
{
    const Swarm__ContainerSpec *c = container_of(t);
    for (size_t i = 0; c && i < c->n_secrets; i++)
        if (is_ours(c->secrets[i]))
            release(d, OBJECT_SECRET, c->secrets[i]->secret_id);
    for (size_t i = 0; c && i < c->n_configs; i++)
        release(d, OBJECT_CONFIG, c->configs[i]->config_id);
}

bool dependencies_has_changed(const struct dependencies *d)
{
    return !list_is_empty(&d->changed);
}

struct dependency *dependencies_next_changed(struct dependencies *d)
{
    struct dependency *x = LIST_FIRST(&d->changed, struct dependency, changed);
    list_remove(&x->changed);
    return x;
}

void dependencies_forget(struct dependencies *d, struct dependency *x)
{
    assert(!x->users);
    map_remove(map_of(d, x->kind), x->id);
    free(x);
}
