/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/references.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "resolver/reference.h"
#include "resolver/variable.h"

void references_deinit(struct references *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->items[i].name);
    r->n = r->n_named = 0;
}

static bool may_fall_back(const struct fallback *f, const char *name)
{
    bool is_named = f->for_all;
    for (size_t i = 0; i < f->n && !is_named; i++)
        is_named = str_equal(f->names[i], name);
    return is_named && secret_id_is_valid(name);
}

/* Has a later text the name of `text`, which has n characters? */
static bool is_set_again(const json_t *env, size_t i, const char *text, size_t n)
{
    while (++i < json_array_size(env)) {
        const char *later = json_string_value(json_array_get(env, i));
        if (!strncmp(later, text, n) && later[n] == '=')
            return true;
    }
    return false;
}

bool references_are_possible(const json_t *env)
{
    for (size_t i = 0; i < json_array_size(env); i++) {
        const char *equals = strchr(json_string_value(json_array_get(env, i)), '=');
        if (equals && (!equals[1] || reference_is(equals + 1)))
            return true;
    }
    return false;
}

static int add(struct references *out, char **name, const char *reference, struct err *e)
{
    if (out->n == BLOCK_VARIABLES_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "more than %d variables with references", BLOCK_VARIABLES_MAX);
    out->items[out->n++] = (struct variable){.name = TAKE(*name), .reference = reference};
    out->n_named += reference != NULL;
    return 0;
}

static int look_at(struct references *out, const json_t *env, size_t i,
                   const struct fallback *fallback, struct err *e)
{
    const char *text = json_string_value(json_array_get(env, i));
    size_t n = strcspn(text, "=");
    const char *value = text + n + 1;
    if (!text[n] || (*value && !reference_is(value)))
        return 0;
    cleanup_free char *name = mem_dup(text, n);
    if (!name)
        return err_no_memory(e);
    /* The search through all others comes last: only few get there. */
    if ((!*value && !may_fall_back(fallback, name)) || is_set_again(env, i, text, n))
        return 0;
    if (!*value)
        return add(out, &name, NULL, e);
    int r = variable_check_name(name, n, e);
    return r ? r : add(out, &name, value, e);
}

int references_find(struct references *out, const json_t *env,
                    const struct fallback *fallback, struct err *e)
{
    size_t n = json_array_size(env);
    int r = 0;
    out->n = out->n_named = 0;
    if (n > ENVIRONMENT_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d variables",
                       ENVIRONMENT_MAX);
    for (size_t i = 0; i < n && !r; i++)
        r = look_at(out, env, i, fallback, e);
    return r;
}
