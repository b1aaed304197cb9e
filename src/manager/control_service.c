/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/str.h"
#include "manager/control_kinds.h"
#include "manager/references.h"
#include "manager/update_status.h"

/* ---- create ---- */

int service_control_create(const struct control *c, Swarm__Service *new)
{
    int r = references_check(c->view, new->spec, c->e);
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
    return references_check(c->view, spec, c->e);
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
    int r = references_check(c->view, s->previous_spec, c->e);
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
