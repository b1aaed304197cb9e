/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/plugin_environment.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define VARIABLES "DOCKER_CLI_PLUGIN_"
#define ATTRIBUTES "OTEL_RESOURCE_ATTRIBUTES"
#define OWN_ATTRIBUTES "docker.cli."

static void drop(struct environment *v, const char *name)
{
    mem_wipe_free(map_remove(&v->values, name));
}

static void drop_variables(struct environment *v)
{
    for (size_t i = v->values.len; i-- > 0;)
        if (str_starts_with(v->values.entries[i].key, VARIABLES))
            drop(v, v->values.entries[i].key);
}

/* "key=value,key=value" without docker's. */
static int keep_others(const char *attributes, struct buf *out)
{
    int r = 0;
    while (*attributes && !r) {
        size_t n = strcspn(attributes, ",");
        if (!str_starts_with(attributes, OWN_ATTRIBUTES)) {
            r = out->len ? buf_append_char(out, ',') : 0;
            r = r ?: buf_append(out, attributes, n);
        }
        attributes += n + (attributes[n] == ',');
    }
    return r;
}

int plugin_environment_clean(struct environment *v, struct err *e)
{
    cleanup_buf struct buf others = BUF_INIT;
    drop_variables(v);
    const char *attributes = environment_get(v, ATTRIBUTES);
    if (!attributes || !strstr(attributes, OWN_ATTRIBUTES))
        return 0;
    if (keep_others(attributes, &others))
        return err_no_memory(e);
    if (others.len)
        return environment_set(v, ATTRIBUTES, others.data, others.len, e);
    drop(v, ATTRIBUTES);
    return 0;
}
