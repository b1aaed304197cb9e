/* SPDX-License-Identifier: Apache-2.0 */
/* The op command of 1Password, as https://developer.1password.com/docs/cli/reference has
 * it. Ids go into its words, a token into its environment only, where op wants it. */
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "onepassword/source.h"
#include "json/json.h"

#define OUTPUT_MAX ((size_t)8 << 20)
#define TOKEN_VARIABLE "OP_SERVICE_ACCOUNT_TOKEN"

static const struct json_limits limits = {
    .bytes = OUTPUT_MAX, .values = 200000, .depth = 32};

struct op_source {
    struct source source;
    const char *command;
    struct buf token; /* TOKEN_VARIABLE=... ; empty: none */
    const char **environment;
};

/* Ours without what else steers op: a Connect server in it would win over the token. */
static int make_environment(struct op_source *o)
{
    size_t n = 0;
    while (environ[n])
        n++;
    o->environment = calloc(n + 2, sizeof(*o->environment));
    if (!o->environment)
        return ERR_NO_MEMORY;
    n = 0;
    for (char **at = environ; *at; at++)
        if (!str_starts_with(*at, "OP_CONNECT_") && !str_starts_with(*at, TOKEN_VARIABLE))
            o->environment[n++] = *at;
    if (o->token.len)
        o->environment[n++] = buf_str(&o->token);
    return 0;
}

static int read_output(const struct program_end *end, const char *const *words,
                       json_type wanted, json_t **out, struct err *e)
{
    cleanup_json json_t *found = NULL;
    struct err why;
    int r = json_read(buf_str(&end->output), end->output.len, &limits, &found, &why);
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    if (r || json_typeof(found) != wanted)
        return err_set(e, ERR_BAD_MESSAGE,
                       "%s %s %s: what it prints is not what is known "
                       "of it",
                       words[0], words[1], words[2]);
    *out = TAKE(found);
    return 0;
}

static int run(struct op_source *o, const char *const *words, json_type wanted,
               const struct waiter *w, json_t **out, struct err *e)
{
    const struct program program = {
        .words = words, .environment = o->environment, .output_max = OUTPUT_MAX};
    cleanup_program_end struct program_end end = {0};
    char line[PROGRAM_LINE_SIZE];
    int r = waiter_run(w, &program, &end, e);
    if (r == ERR_NOT_FOUND)
        return err_set(e, ERR_UNAVAILABLE,
                       "there is no program %s, 1Password's command; "
                       "set `op` to its path, or `address` to a Connect server",
                       o->command);
    if (r)
        return r;
    if (end.status)
        return err_set(e, ERR_UNAVAILABLE, "%s %s %s ends with status %d: %s", words[0],
                       words[1], words[2], end.status, program_errors(&end, line));
    return read_output(&end, words, wanted, out, e);
}

static int get_vaults(struct source *s, const struct waiter *w, json_t **out,
                      struct err *e)
{
    struct op_source *o = CONTAINER_OF(s, struct op_source, source);
    const char *const words[] = {o->command, "vault", "list", "--format", "json", NULL};
    return run(o, words, JSON_ARRAY, w, out, e);
}

static int get_items(struct source *s, const char *vault, const struct waiter *w,
                     json_t **out, struct err *e)
{
    struct op_source *o = CONTAINER_OF(s, struct op_source, source);
    const char *const words[] = {o->command, "item",     "list", "--vault",
                                 vault,      "--format", "json", NULL};
    return run(o, words, JSON_ARRAY, w, out, e);
}

static int get_item(struct source *s, const char *vault, const char *item,
                    const struct waiter *w, json_t **out, struct err *e)
{
    struct op_source *o = CONTAINER_OF(s, struct op_source, source);
    const char *const words[] = {o->command, "item",     "get",  item, "--vault",
                                 vault,      "--format", "json", NULL};
    return run(o, words, JSON_OBJECT, w, out, e);
}

static void op_free(struct source *s)
{
    struct op_source *o = CONTAINER_OF(s, struct op_source, source);
    buf_deinit(&o->token);
    free(o->environment);
    free(o);
}

static const struct source_calls calls = {get_vaults, get_items, get_item, op_free};

int op_source_new(const char *command, const char *token, struct source **out,
                  struct err *e)
{
    struct op_source *o = calloc(1, sizeof(*o));
    if (!o)
        return err_no_memory(e);
    o->source.calls = &calls;
    o->command = command;
    if ((token && buf_printf(&o->token, TOKEN_VARIABLE "=%s", token)) ||
        make_environment(o)) {
        op_free(&o->source);
        return err_no_memory(e);
    }
    *out = &o->source;
    return 0;
}
