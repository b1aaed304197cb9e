/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/input.h"
#include "pass/child.h"
#include "pass/env_file.h"
#include "pass/plugin_environment.h"
#include "pass/resolve.h"
#include "pass/supervise.h"
#include "pass/verb.h"
#include "resolver/reference.h"

/*
 * `run`: the environment is put together, its references are resolved, and then the
 * command takes our place. Nothing is started when anything fails.
 */

const struct flag run_flags[] = {
    {"env-file", 0, &flag_list, "Read variables from a file, too", NULL, NULL},
    {"first-match", 0, &flag_switch,
     "Take the first of several secrets that match a reference", NULL, NULL},
    {"inject", 0, &flag_switch, "Replace references within longer values, too", NULL,
     NULL},
    {"mask", 0, &flag_switch, "Hide the secrets' values in what the command prints", NULL,
     NULL},
    {0},
};

/* ---- putting it together ---- */

static int add_file(struct environment *env, const char *path, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    int r = input_read(path, false, ENV_FILE_MAX, &text, e);
    if (!r)
        r = env_file_parse(buf_str(&text), text.len, env, e);
    return r ? err_wrap(e, r, "reading env-file %s", path) : 0;
}

static int gather(const struct pass *p, struct environment *env, struct err *e)
{
    const char *path;
    int r = environment_copy(env, environ, e);
    r = r ?: plugin_environment_clean(env, e);
    for (size_t i = 0; !r && (path = flags_next(&p->flags, "env-file", &i));)
        r = add_file(env, path, e);
    return r;
}

/* ---- references ---- */

/* Those that need a new value, in order. */
struct changes {
    struct resolve resolve;
    const char **names; /* of the environment */
    size_t n;
    bool within;       /* references within values count too */
    struct mask *mask; /* takes note of the secrets; NULL: nobody does */
};

static int want(struct changes *c, const struct map_entry *v, struct err *e)
{
    const char *value = v->value;
    bool any = reference_is(value);
    int r = 0;
    if (any)
        r = resolve_want(&c->resolve, v->key, value, e);
    else if (c->within)
        r = resolve_want_text(&c->resolve, v->key, value, strlen(value), &any, e);
    if (any)
        c->names[c->n++] = v->key;
    return r;
}

static int replace(struct changes *c, struct environment *env, const char *name,
                   struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    const char *value = environment_get(env, name);
    int r;
    if (reference_is(value))
        r = resolve_value(&c->resolve, name, value, &text, e);
    else
        r = resolve_text(&c->resolve, name, value, strlen(value), &text, e);
    if (r)
        return r;
    r = environment_set(env, name, text.data, text.len, e);
    return r ? err_wrap(e, r, "resolving %s", name) : 0;
}

static int change(struct changes *c, struct environment *env, struct secrets *s,
                  struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < env->values.len && !r; i++)
        r = want(c, &env->values.entries[i], e);
    if (!r)
        r = resolve_fetch(&c->resolve, s, e);
    for (size_t i = 0; i < c->n && !r; i++)
        r = replace(c, env, c->names[i], e);
    return !r && c->mask ? resolve_mask(&c->resolve, c->mask, e) : r;
}

/* mask may be NULL. */
static int resolve_all(struct pass *p, struct environment *env, struct mask *mask,
                       struct err *e)
{
    cleanup_free const char **names = calloc(env->values.len + 1, sizeof(*names));
    struct changes c = {
        .resolve.rule =
            flags_switch(&p->flags, "first-match") ? CHOICE_FIRST : CHOICE_ONLY,
        .within = flags_switch(&p->flags, "inject"),
        .names = names,
        .mask = mask,
    };
    int r = names ? change(&c, env, p->secrets, e) : err_no_memory(e);
    resolve_deinit(&c.resolve);
    return r;
}

/* ---- the command ---- */

/* Under docker somebody must wait for the command: docker takes a signal that ended it
 * for the status 255. */
static int start(struct pass *p, char *const *block, const struct mask *mask,
                 struct err *e)
{
    struct child child = {.argv = p->argv, .environment = block};
    struct err why = {0};
    int r = 0;
    if (mask || p->is_docker_child)
        r = supervise(&child, mask, &p->status, &why);
    else
        p->status = child_become(&child, &why);
    if (r)
        *e = why;
    else if (why.code)
        fprintf(stderr, "Error: %s\n", err_text(&why));
    return r;
}

static int run(struct pass *p, struct mask *mask, struct err *e)
{
    cleanup_environment struct environment env = ENVIRONMENT_INIT;
    int r = gather(p, &env, e);
    if (!r)
        r = resolve_all(p, &env, mask, e);
    if (r)
        return r;
    char **block = environment_block(&env);
    r = block ? start(p, block, mask, e) : err_no_memory(e);
    environment_free_block(block);
    return r;
}

int run_run(struct pass *p, struct err *e)
{
    struct mask *mask = NULL;
    int r = flags_switch(&p->flags, "mask") ? mask_new(&mask, e) : 0;
    if (!r)
        r = run(p, mask, e);
    mask_free(mask);
    return r;
}
