/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "resolver/pattern.h"
#include "resolver/plugin.h"

/* Which plugins are asked for a request, for what, and in which order. */

/* A plugin that provides secrets and can be asked now. */
struct provider {
    const char *name;
    const struct pattern *pattern; /* of the ids it has */
};

struct selected {
    const struct provider *provider; /* one of those given */
    const struct pattern *ask;       /* the provider's pattern or the request's */
};

/* Borrows all that it points to. */
struct selection {
    struct selected items[PLUGINS_MAX];
    size_t n;
};

/*
 * The providers that may have an id of the request, by name in byte order (which is the
 * order of the answer, and so decides who is "the first"). No memory is needed.
 * ERR_RESOURCE_EXHAUSTED for over PLUGINS_MAX providers.
 */
int selection_make(const struct provider *providers, size_t n,
                   const struct pattern *request, struct selection *out,
                   struct err *e) MUST_CHECK;
