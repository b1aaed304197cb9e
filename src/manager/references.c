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

static int check_secrets(const struct store_view *v,
                         const Swarm__ContainerSpec *container, struct err *e)
{
    CLEANUP(missing_deinit) struct missing missing = {.names = BUF_INIT};
    int r = 0;
    for (size_t i = 0; !r && i < container->n_secrets; i++)
        r = check_reference(v, OBJECT_SECRET, container->secrets[i]->secret_id,
                            container->secrets[i]->secret_name, &missing);
    return r ? err_no_memory(e) : report_missing(OBJECT_SECRET, &missing, e);
}

static int check_configs(const struct store_view *v,
                         const Swarm__ContainerSpec *container, struct err *e)
{
    CLEANUP(missing_deinit) struct missing missing = {.names = BUF_INIT};
    int r = 0;
    for (size_t i = 0; !r && i < container->n_configs; i++)
        r = check_reference(v, OBJECT_CONFIG, container->configs[i]->config_id,
                            container->configs[i]->config_name, &missing);
    return r ? err_no_memory(e) : report_missing(OBJECT_CONFIG, &missing, e);
}

int references_check(const struct store_view *v, const Swarm__ServiceSpec *spec,
                     struct err *e)
{
    const Swarm__TaskSpec *task = spec->task;
    if (!task || task->runtime_case != SWARM__TASK_SPEC__RUNTIME_CONTAINER)
        return 0;
    int r = check_secrets(v, task->container, e);
    return r ? r : check_configs(v, task->container, e);
}
