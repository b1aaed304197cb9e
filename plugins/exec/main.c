/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer-plugin-exec: a command of the user's own that prints a secret.
 *
 *   command = PROGRAM WORD...  prints the secret; "{id}" in a word is its id
 *   list = PROGRAM WORD...     prints all ids, one a line; without it no pattern with
 *                              wildcards finds anything
 *   not-found = N              the exit status that says that there is no such secret
 *   keep-newline = yes         the value is all of the output; else less one last newline
 *   timeout = N                seconds for each command; default 30
 *
 * There is no shell. What a command writes to stderr is shown when it fails.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "exec/command.h"
#include "resolver/pattern.h"
#include "resolver/secret_id.h"
#include "shared/plugin.h"

#define TIMEOUT_SECONDS 30
#define TIMEOUT_SECONDS_MAX 3600

/* What a list may print, and for how many ids one request may run the command. */
#define LIST_BYTES_MAX ((size_t)4 << 20)
#define RUNS_MAX 256

struct glue {
    struct command command, list; /* list.n is 0 when there is none */
    int64_t not_found;            /* -1: no status says so */
    int64_t timeout;              /* seconds */
    bool keeps_newline;
};

/* ---- configuration ---- */

static int read_commands(const struct coffer_plugin *plugin, struct glue *g,
                         struct err *e)
{
    const char *command = coffer_plugin_config(plugin, "command");
    const char *list = coffer_plugin_config(plugin, "list");
    if (!command)
        return err_set(e, ERR_INVALID_ARGUMENT, "command: must be set");
    int r = command_parse(command, &g->command, e);
    if (!r && !command_has_id(&g->command))
        r = err_set(e, ERR_INVALID_ARGUMENT, "command: has no {id}");
    return r || !list ? r : command_parse(list, &g->list, e);
}

static int start(struct coffer_plugin *plugin, void *user, struct coffer_error *e)
{
    struct glue *g = user;
    struct err why;
    int r = read_commands(plugin, g, &why);
    if (!r)
        r = plugin_config_number(plugin, "not-found", 1, 255, -1, &g->not_found, &why);
    if (!r)
        r = plugin_config_number(plugin, "timeout", 1, TIMEOUT_SECONDS_MAX,
                                 TIMEOUT_SECONDS, &g->timeout, &why);
    g->keeps_newline = str_equal(coffer_plugin_config(plugin, "keep-newline"), "yes");
    return plugin_fail(r, &why, e);
}

/* ---- running ---- */

/* Runs a command to a successful end. ERR_NOT_FOUND when its status says so. */
static int run(const struct glue *g, const struct command *c, const struct waiter *w,
               size_t max, struct program_end *end, struct err *e)
{
    char line[PROGRAM_LINE_SIZE];
    const struct program program = {.words = c->words, .output_max = max};
    struct waiter within = waiter_within(w, g->timeout * 1000);
    int r = waiter_run(&within, &program, end, e);
    if (r == ERR_NOT_FOUND)
        return err_set(e, ERR_UNAVAILABLE, "there is no program %s", c->words[0]);
    if (r || end->status == 0)
        return r;
    if (end->status == g->not_found)
        return err_set(e, ERR_NOT_FOUND, "secret not found");
    return err_set(e, ERR_INTERNAL, "%s ended with status %d: %s", c->words[0],
                   end->status, program_errors(end, line));
}

static int add(struct coffer_answer *answer, const struct glue *g, const char *id,
               const struct buf *value, struct coffer_error *e)
{
    size_t size = value->len;
    if (size && !g->keeps_newline && value->data[size - 1] == '\n')
        size--;
    const struct coffer_secret secret = {
        .id = id, .value = (const unsigned char *)buf_str(value), .size = size};
    return coffer_answer_add(answer, &secret, e);
}

/* Adds the secret of one id. That there is none is no error. */
static int get_one(const struct glue *g, const struct waiter *w, const char *id,
                   struct coffer_answer *answer, struct coffer_error *e)
{
    struct err why;
    cleanup_command struct command c = {0};
    cleanup_program_end struct program_end end = {0};
    int r = command_with_id(&g->command, id, &c, &why);
    if (!r)
        r = run(g, &c, w, COFFER_VALUE_MAX + 1, &end, &why);
    if (r == ERR_NOT_FOUND)
        return COFFER_OK;
    return r ? plugin_fail(r, &why, e) : add(answer, g, id, &end.output, e);
}

/* Goes through the lines of a list. Lines that are no ids are passed over. */
static int get_listed(const struct glue *g, const struct waiter *w, char *lines,
                      const struct pattern *pattern, struct coffer_answer *answer,
                      struct coffer_error *e)
{
    int r = COFFER_OK, runs = 0;
    for (char *line = lines; !r && *line;) {
        size_t n = strcspn(line, "\n");
        char *next = line + n + (line[n] == '\n');
        line[n] = '\0';
        bool is_asked = secret_id_is_valid(line) && pattern_match(pattern, line);
        if (is_asked && ++runs > RUNS_MAX)
            r = coffer_error_set(e, COFFER_INVALID,
                                 "%s matches more than %d secrets of a command",
                                 pattern->text, RUNS_MAX);
        else if (is_asked)
            r = get_one(g, w, line, answer, e);
        line = next;
    }
    return r;
}

static int get_many(const struct glue *g, const struct waiter *w,
                    const struct pattern *pattern, struct coffer_answer *answer,
                    struct coffer_error *e)
{
    struct err why;
    cleanup_program_end struct program_end end = {0};
    if (g->list.n == 0)
        return COFFER_OK;
    int r = run(g, &g->list, w, LIST_BYTES_MAX, &end, &why);
    if (r)
        return plugin_fail(r, &why, e);
    return end.output.len ? get_listed(g, w, end.output.data, pattern, answer, e)
                          : COFFER_OK;
}

static int get(struct coffer_plugin *plugin, const char *text,
               struct coffer_answer *answer, void *user, struct coffer_error *e)
{
    const struct glue *g = user;
    struct err why;
    struct waiter w = waiter_of(plugin);
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    int r = pattern_parse(&pattern, text, strlen(text), &why);
    if (r)
        return plugin_fail(r, &why, e);
    return pattern_is_id(&pattern) ? get_one(g, &w, text, answer, e)
                                   : get_many(g, &w, &pattern, answer, e);
}

int main(int argc, char **argv)
{
    static const struct coffer_plugin_callbacks callbacks = {
        .size = sizeof(callbacks), .start = start, .get = get};
    struct glue g = {0};
    const struct coffer_plugin_options options = {.size = sizeof(options),
                                                  .name = "exec",
                                                  .version = "v" COFFER_VERSION,
                                                  .pattern = "**",
                                                  .callbacks = &callbacks,
                                                  .user = &g};
    int status = plugin_main(&options);
    command_deinit(&g.command);
    command_deinit(&g.list);
    return status;
}
