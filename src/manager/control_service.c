/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/str.h"
#include "manager/control_kinds.h"
#include "manager/update_status.h"

/* ---- what it refers to ---- */

/* The names of references to what isn't there, "a, b". */
struct missing {
    struct buf names;
    size_t n;
};

static int check_reference(const struct control *c, enum object_kind kind, const char *id,
                           const char *name, struct missing *missing)
{
    const struct object *o = store_get(c->view, kind, id);
    if (o && str_equal(object_name(o), name))
        return 0;
    if (buf_append_str(&missing->names, missing->n++ ? ", " : "") ||
        buf_append_str(&missing->names, name))
        return err_no_memory(c->e);
    return 0;
}

static int report_missing(const struct control *c, enum object_kind kind,
                          const struct missing *missing)
{
    if (!missing->n)
        return 0;
    return err_set(c->e, ERR_INVALID_ARGUMENT, "%s%s not found: %s",
                   object_kind_name(kind), missing->n > 1 ? "s" : "",
                   buf_str(&missing->names));
}

static void missing_deinit(struct missing *m)
{
    buf_deinit(&m->names);
}

static int check_secrets(const struct control *c, const Swarm__ContainerSpec *container)
{
    CLEANUP(missing_deinit) struct missing missing = {.names = BUF_INIT};
    int r = 0;
    for (size_t i = 0; !r && i < container->n_secrets; i++)
        r = check_reference(c, OBJECT_SECRET, container->secrets[i]->secret_id,
                            container->secrets[i]->secret_name, &missing);
    return r ? r : report_missing(c, OBJECT_SECRET, &missing);
}

static int check_configs(const struct control *c, const Swarm__ContainerSpec *container)
{
    CLEANUP(missing_deinit) struct missing missing = {.names = BUF_INIT};
    int r = 0;
    for (size_t i = 0; !r && i < container->n_configs; i++)
        r = check_reference(c, OBJECT_CONFIG, container->configs[i]->config_id,
                            container->configs[i]->config_name, &missing);
    return r ? r : report_missing(c, OBJECT_CONFIG, &missing);
}

static int check_references(const struct control *c, const Swarm__ServiceSpec *spec)
{
    const Swarm__TaskSpec *task = spec->task;
    if (!task || task->runtime_case != SWARM__TASK_SPEC__RUNTIME_CONTAINER)
        return 0;
    int r = check_secrets(c, task->container);
    return r ? r : check_configs(c, task->container);
}

/* ---- create ---- */

int service_control_create(const struct control *c, Swarm__Service *new)
{
    int r = check_references(c, new->spec);
    if (r)
        return r;
    new->spec_version = message_new(&swarm__version__descriptor);
    return new->spec_version ? 0 : err_no_memory(c->e);
}

/* ---- update ---- */

static int check_change(const struct control *c, const Swarm__Service *s,
                        const Swarm__ServiceSpec *spec)
{
    const char *name = spec->annotations ? spec->annotations->name : "";
    if (!str_equal(s->spec->annotations->name, name))
        return err_set(c->e, ERR_UNIMPLEMENTED, "renaming services is not supported");
    if (s->spec->mode_case != spec->mode_case)
        return err_set(c->e, ERR_UNIMPLEMENTED, "service mode change is not allowed");
    return check_references(c, spec);
}

/* The version of a spec is that of the service before the spec came: new each time, and
 * kept by a rollback to it. */
static int new_spec(const struct control *c, Swarm__Service *s, ProtobufCMessage **spec)
{
    int r = check_change(c, s, (Swarm__ServiceSpec *)*spec);
    if (r)
        return r;
    Swarm__Version *version = message_new(&swarm__version__descriptor);
    if (!version)
        return err_no_memory(c->e);
    version->index = s->meta->version->index;
    message_free((ProtobufCMessage *)s->previous_spec);
    s->previous_spec = s->spec;
    s->spec = (Swarm__ServiceSpec *)TAKE(*spec);
    message_free((ProtobufCMessage *)s->previous_spec_version);
    s->previous_spec_version = s->spec_version;
    s->spec_version = version;
    message_free((ProtobufCMessage *)s->update_status);
    s->update_status = NULL;
    return 0;
}

#define SWAP(a, b)                                                                       \
    do {                                                                                 \
        __typeof__(a) swap_ = (a);                                                       \
        (a) = (b);                                                                       \
        (b) = swap_;                                                                     \
    } while (0)

static int roll_back(const struct control *c, Swarm__Service *s)
{
    if (!s->previous_spec)
        return err_set(c->e, ERR_FAILED_PRECONDITION,
                       "service %s does not have a previous spec", c->id);
    int r = check_references(c, s->previous_spec);
    if (r)
        return r;
    SWAP(s->spec, s->previous_spec);
    SWAP(s->spec_version, s->previous_spec_version);
    if (update_status_set(s, SWARM__UPDATE_STATUS__UPDATE_STATE__ROLLBACK_STARTED,
                          "manually requested rollback", c->env->now))
        return err_no_memory(c->e);
    return 0;
}

int service_control_update(const struct control *c, Swarm__Service *copy,
                           ProtobufCMessage **spec)
{
    return c->how->rollback ? roll_back(c, copy) : new_spec(c, copy, spec);
}
