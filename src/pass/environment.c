/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/environment.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void environment_deinit(struct environment *v)
{
    for (size_t i = 0; i < v->values.len; i++)
        mem_wipe_free(v->values.entries[i].value);
    map_deinit(&v->values);
}

/* *bytes is what all variables have when this one was set. */
static int check_limits(const struct environment *v, const char *name, size_t n,
                        size_t *bytes, struct err *e)
{
    const char *old = map_get(&v->values, name);
    if (v->values.len >= ENVIRONMENT_MAX && !old)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d variables",
                       ENVIRONMENT_MAX);
    size_t others = v->bytes - (old ? strlen(name) + strlen(old) : 0);
    if (n > ENVIRONMENT_BYTES_MAX || others + strlen(name) > ENVIRONMENT_BYTES_MAX - n)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "all variables together have more than %d bytes",
                       ENVIRONMENT_BYTES_MAX);
    *bytes = others + strlen(name) + n;
    return 0;
}

int environment_set(struct environment *v, const char *name, const void *value, size_t n,
                    struct err *e)
{
    size_t bytes = 0;
    if (n && memchr(value, '\0', n))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "the value has a NUL byte, which a variable can't have");
    int r = check_limits(v, name, n, &bytes, e);
    if (r)
        return r;
    cleanup_wipe_free char *copy = mem_dup(value, n);
    void *old = NULL;
    if (!copy || map_put(&v->values, name, copy, &old))
        return err_no_memory(e);
    copy = NULL;
    mem_wipe_free(old);
    v->bytes = bytes;
    return 0;
}

int environment_copy(struct environment *v, char **variables, struct err *e)
{
    int r = 0;
    for (; variables && *variables && !r; variables++) {
        const char *equals = strchr(*variables, '=');
        if (!equals)
            continue;
        cleanup_free char *name = mem_dup(*variables, (size_t)(equals - *variables));
        if (!name)
            return err_no_memory(e);
        r = environment_set(v, name, equals + 1, strlen(equals + 1), e);
    }
    return r;
}

const char *environment_get(const struct environment *v, const char *name)
{
    return map_get(&v->values, name);
}

/* "NAME=value" in memory of just that size, so that no copy of the value is left. */
static char *join(const struct map_entry *entry)
{
    size_t n = strlen(entry->key), len = strlen(entry->value);
    char *text = malloc(n + 1 + len + 1);
    if (!text)
        return NULL;
    memcpy(text, entry->key, n);
    text[n] = '=';
    memcpy(text + n + 1, entry->value, len + 1);
    return text;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **environment_block(const struct environment *v)
{
    char **block = calloc(v->values.len + 1, sizeof(*block));
    for (size_t i = 0; block && i < v->values.len; i++) {
        block[i] = join(&v->values.entries[i]);
        if (!block[i]) {
            environment_free_block(block);
            return NULL;
        }
    }
    if (block)
        qsort(block, v->values.len, sizeof(*block), by_text);
    return block;
}

void environment_free_block(char **block)
{
    for (char **v = block; v && *v; v++)
        mem_wipe_free(*v);
    free(block);
}
