/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/selection.h"

#include <string.h>

static void insert(struct selection *s, const struct selected *item)
{
    size_t i = s->n++;
    for (; i && strcmp(s->items[i - 1].provider->name, item->provider->name) > 0; i--)
        s->items[i] = s->items[i - 1];
    s->items[i] = *item;
}

int selection_make(const struct provider *providers, size_t n,
                   const struct pattern *request, struct selection *out, struct err *e)
{
    if (n > PLUGINS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "%zu plugins, more than %d are not supported", n, PLUGINS_MAX);
    out->n = 0;
    for (size_t i = 0; i < n; i++) {
        struct selected item = {&providers[i],
                                pattern_narrow(providers[i].pattern, request)};
        if (item.ask)
            insert(out, &item);
    }
    return 0;
}
