/* SPDX-License-Identifier: Apache-2.0 */
/* What a container of a service may be asked to be. Mounts and references have files of
 * their own. */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "objects/validate.h"
#include "resolver/quote.h"

#define MIN_HEALTH_DURATION CLOCK_MILLISECOND
#define HEALTH(field) "ContainerSpec: " field " in HealthConfig"
#define OOM_SCORE_LIMIT 1000

static int image_validate(const char *image, struct err *e)
{
    if (str_is_empty(image))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "ContainerSpec: image reference must be provided");
    if (image_reference_is_valid(image))
        return 0;
    char quoted[QUOTE_SIZE];
    return err_set(e, ERR_INVALID_ARGUMENT,
                   "ContainerSpec: %s is not a valid repository/tag",
                   quote(quoted, image, strlen(image)));
}

static int health_duration_validate(const Swarm__Duration *duration, const char *name,
                                    struct err *e)
{
    int64_t d = message_duration(duration, 0);
    if (d != 0 && d < MIN_HEALTH_DURATION)
        return err_set(e, ERR_INVALID_ARGUMENT, "%s cannot be less than 1ms", name);
    return duration_limit_validate(duration, name, e);
}

static int health_validate(const Swarm__HealthConfig *health, struct err *e)
{
    if (!health)
        return 0;
    int r = health_duration_validate(health->interval, HEALTH("Interval"), e);
    if (!r)
        r = health_duration_validate(health->timeout, HEALTH("Timeout"), e);
    if (!r)
        r = health_duration_validate(health->start_period, HEALTH("StartPeriod"), e);
    if (!r)
        r = health_duration_validate(health->start_interval, HEALTH("StartInterval"), e);
    if (!r && health->retries < 0)
        r = err_set(e, ERR_INVALID_ARGUMENT,
                    "ContainerSpec: Retries in HealthConfig cannot be negative");
    return r;
}

/* A part that is there but says nothing is as good as none. */
static bool is_set(const ProtobufCMessage *part)
{
    return part && protobuf_c_message_get_packed_size(part) > 0;
}

static int privileges_validate(const Swarm__Privileges *p, struct err *e)
{
    if (!p)
        return 0;
    if (p->credential_spec)
        return refuse(e, "a credential spec (--credential-spec)",
                      "it is for Windows containers");
    if (p->selinux_context && is_set(&p->selinux_context->base))
        return refuse(e, "an SELinux context (Privileges.SELinuxContext)",
                      "leave it out to get the engine's own");
    if (p->seccomp && is_set(&p->seccomp->base))
        return refuse(e, "a seccomp profile (Privileges.Seccomp)",
                      "leave it out to get the engine's own");
    if (p->apparmor && is_set(&p->apparmor->base))
        return refuse(e, "an AppArmor mode (Privileges.AppArmor)",
                      "leave it out to get the engine's own");
    return 0;
}

static int templates_validate(const Swarm__ContainerSpec *c, struct err *e)
{
    if (has_template(c->hostname))
        return refuse(e, "a template in the hostname (--hostname)",
                      "give the final text, without {{");
    for (size_t i = 0; i < c->n_env; i++)
        if (has_template(c->env[i]))
            return refuse(e, "a template in an environment variable (--env)",
                          "give the final text, without {{");
    return 0;
}

static int numbers_validate(const Swarm__ContainerSpec *c, struct err *e)
{
    int r =
        duration_validate(c->stop_grace_period, "ContainerSpec: stop-grace-period", e);
    if (r)
        return r;
    if (c->oom_score_adj < -OOM_SCORE_LIMIT || c->oom_score_adj > OOM_SCORE_LIMIT)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "ContainerSpec: oom-score-adj must be between -1000 and 1000");
    if (c->isolation != SWARM__CONTAINER_SPEC__ISOLATION__ISOLATION_DEFAULT)
        return refuse(e, "an isolation mode (--isolation)",
                      "it is for Windows containers");
    return 0;
}

/* What is listed one by one. */
static int lists_validate(const Swarm__ContainerSpec *c, struct err *e)
{
    const struct {
        const char *name;
        size_t n;
    } lists[] = {
        {"labels", c->n_labels},
        {"words of a command", c->n_command},
        {"arguments", c->n_args},
        {"environment variables", c->n_env},
        {"groups", c->n_groups},
        {"hosts", c->n_hosts},
        {"sysctls", c->n_sysctls},
        {"capabilities to add", c->n_capability_add},
        {"capabilities to drop", c->n_capability_drop},
        {"ulimits", c->n_ulimits},
    };
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        if (lists[i].n > CONTAINER_LIST_LIMIT)
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "ContainerSpec: there must not be more than %d %s",
                           CONTAINER_LIST_LIMIT, lists[i].name);
    return 0;
}

/* What people see of references when they inspect a container is cofferd's to say. */
static int labels_validate(const Swarm__ContainerSpec *c, struct err *e)
{
    static const char reserved[] = "coffer.secrets.";
    for (size_t i = 0; i < c->n_labels; i++)
        if (str_starts_with(c->labels[i]->key, reserved))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "ContainerSpec: label %s: labels that begin with %s are "
                           "cofferd's to set",
                           c->labels[i]->key, reserved);
    return 0;
}

int container_spec_validate(const Swarm__ContainerSpec *container, struct err *e)
{
    int r = lists_validate(container, e);
    if (!r)
        r = labels_validate(container, e);
    if (!r)
        r = templates_validate(container, e);
    if (!r)
        r = image_validate(container->image, e);
    if (!r)
        r = mounts_validate(container, e);
    if (!r)
        r = health_validate(container->healthcheck, e);
    if (!r)
        r = numbers_validate(container, e);
    return r ? r : privileges_validate(container->privileges, e);
}
