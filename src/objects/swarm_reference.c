/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container was given is what its own list of secrets has, by their names. Of a
 * container's references few are of this kind, so the list is gone through for each.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "objects/objects.h"
#include "resolver/reference.h"

bool swarm_reference_is(const char *reference)
{
    return reference && str_starts_with(reference, REFERENCE_PREFIX SWARM_ID_PREFIX);
}

/* A name that is too long for an id is in no pattern. */
static bool matches(const struct pattern *p, const char *name)
{
    char id[SECRET_ID_MAX + 1];
    int n = snprintf(id, sizeof(id), SWARM_ID_PREFIX "%s", name);
    return n >= 0 && (size_t)n < sizeof(id) && pattern_match(p, id);
}

static int refuse_none(const struct pattern *p, const char *reference, struct err *e)
{
    const char *name = pattern_is_id(p) ? p->text + strlen(SWARM_ID_PREFIX) : "NAME";
    return err_set(e, ERR_INVALID_ARGUMENT,
                   "%s: the service wasn't given this secret: add --secret %s (service "
                   "update: --secret-add %s)",
                   reference, name, name);
}

static int refuse_second(const char *reference, const char *first, const char *second,
                         struct err *e)
{
    return err_set(e, ERR_INVALID_ARGUMENT,
                   "%s: more than one secret of the service matches: %s, %s", reference,
                   first, second);
}

/* A secret may be there twice, for two files. */
static int find(const Swarm__ContainerSpec *container, const struct pattern *p,
                const char *reference, size_t *out, struct err *e)
{
    const char *found = NULL;
    for (size_t i = 0; i < container->n_secrets; i++) {
        const char *name = container->secrets[i]->secret_name;
        if (secret_reference_is(name) || !matches(p, name))
            continue;
        if (found && !str_equal(found, name))
            return refuse_second(reference, found, name, e);
        if (!found)
            *out = i;
        found = name;
    }
    return found ? 0 : refuse_none(p, reference, e);
}

int swarm_reference_find(const Swarm__ContainerSpec *container, const char *reference,
                         size_t *out, struct err *e)
{
    cleanup_pattern struct pattern p = PATTERN_INIT;
    int r = reference_parse(reference, REFERENCE_PATTERN, &p, e);
    return r ? r : find(container, &p, reference, out, e);
}

const char *swarm_reference_of_variable(const char *variable)
{
    const char *equals = strchr(variable, '=');
    return equals && swarm_reference_is(equals + 1) ? equals + 1 : NULL;
}

int swarm_references_validate(const Swarm__ContainerSpec *container, struct err *e)
{
    size_t unused;
    int r = 0;
    for (size_t i = 0; i < container->n_env && !r; i++) {
        const char *text = container->env[i];
        const char *reference = swarm_reference_of_variable(text);
        r = reference ? swarm_reference_find(container, reference, &unused, e) : 0;
        if (r)
            r = err_wrap(e, r, "variable %.*s", (int)(reference - 1 - text), text);
    }
    for (size_t i = 0; i < container->n_secrets && !r; i++) {
        const char *name = container->secrets[i]->secret_name;
        if (swarm_reference_is(name))
            r = swarm_reference_find(container, name, &unused, e);
    }
    return r;
}
