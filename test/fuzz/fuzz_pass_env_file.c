/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "pass/env_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok)
{
    if (!ok)
        abort();
}

/* What was read, written in single quotes and read again, is the same. */
static void write_and_read(const struct environment *env)
{
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_environment struct environment again = ENVIRONMENT_INIT;
    for (size_t i = 0; i < env->values.len; i++) {
        const struct map_entry *v = &env->values.entries[i];
        if (strchr(v->value, '\''))
            return;
        check(!buf_printf(&text, "%s='%s'\n", v->key, (const char *)v->value));
    }
    check(!env_file_parse(buf_str(&text), text.len, &again, NULL));
    check(again.values.len == env->values.len);
    for (size_t i = 0; i < env->values.len; i++) {
        const struct map_entry *v = &env->values.entries[i];
        const char *got = environment_get(&again, v->key);
        check(got && strcmp(got, v->value) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_environment struct environment env = ENVIRONMENT_INIT;
    struct err e = {0};
    if (size > 65536)
        return 0;
    if (env_file_parse((const char *)data, size, &env, &e))
        check(e.text[0] != '\0');
    else
        write_and_read(&env);
    return 0;
}
