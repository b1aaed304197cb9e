/* SPDX-License-Identifier: Apache-2.0 */
#include "manager/references.h"

#include "base/str.h"

/* The names of references to what isn't there, "a, b". */
struct missing {
    struct buf names;
    size_t n;
};

static int check_reference(const struct store_view *v, enum object_kind kind,
                           const char *id, const char *name, struct missing *missing)
{
    if (kind == OBJECT_SECRET && secret_reference_is(name))
        return 0; /* the node will say whether it is there */
    const struct object *o = store_get(v, kind, id);
    if (o && str_equal(object_name(o), name))
        return 0;
    if (buf_append_str(&missing->names, missing->n++ ? ", " : "") ||
        buf_append_str(&missing->names, name))
        return ERR_NO_MEMORY;
    return 0;
}

static int report_missing(enum object_kind kind, const struct missing *missing,
                          struct err *e)
{
    if (!missing->n)
        return 0;
    return err_set(e, ERR_INVALID_ARGUMENT, "%s%s not found: %s", object_kind_name(kind),
                   missing->n > 1 ? "s" : "", buf_str(&missing->names));
}

static void missing_deinit(struct missing *m)
{
    buf_deinit(&m->names);
}

/* One reference of a container, whichever of the two kinds it is. */
struct reference {
    const char *id, *name;
};

static struct reference secret_at(const Swarm__ContainerSpec *c, size_t i)
{
    return (struct reference){c->secrets[i]->secret_id, c->secrets[i]->secret_name};
}

static struct reference config_at(const Swarm__ContainerSpec *c, size_t i)
{
    return (struct reference){c->configs[i]->config_id, c->configs[i]->config_name};
}

static int check_kind(const struct store_view *v, enum object_kind kind, size_t n,
                      struct reference (*at)(const Swarm__ContainerSpec *c, size_t i),
                      const Swarm__ContainerSpec *container, struct err *e)
{
    CLEANUP(missing_deinit) struct missing missing = {.names = BUF_INIT};
    int r = 0;
    for (size_t i = 0; !r && i < n; i++) {
        struct reference ref = at(container, i);
        r = check_reference(v, kind, ref.id, ref.name, &missing);
    }
    return r ? err_no_memory(e) : report_missing(kind, &missing, e);
}

int references_check(const struct store_view *v, const Swarm__ServiceSpec *spec,
                     struct err *e)
{
    const Swarm__TaskSpec *task = spec->task;
    if (!task || task->runtime_case != SWARM__TASK_SPEC__RUNTIME_CONTAINER)
        return 0;
    const Swarm__ContainerSpec *c = task->container;
    int r = check_kind(v, OBJECT_SECRET, c->n_secrets, secret_at, c, e);
    return r ? r : check_kind(v, OBJECT_CONFIG, c->n_configs, config_at, c, e);
}
