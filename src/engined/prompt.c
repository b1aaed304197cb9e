/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/prompt.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/str.h"

#define OWN_VARIABLES 3
#define OWN_PREFIX "COFFER_REQUESTER_"

struct prompt {
    struct process process;
    struct timer timer;
    struct loop_close closing;
    bool is_late;
    void (*cb)(int code, const struct err *e, void *user);
    void *user;
};

static void prompt_free(void *user)
{
    free(user);
}

/* What it started to ask with, too, as far as that stayed in its group: the number is its
 * own as long as it wasn't waited for. */
static void kill_all(const struct prompt *p)
{
    if (p->process.is_running)
        (void)kill(-process_pid(&p->process), SIGKILL);
}

void prompt_close(struct prompt *p)
{
    if (!p)
        return;
    kill_all(p);
    loop_close_init(&p->closing, prompt_free, p);
    process_close(&p->process, &p->closing);
    timer_close(&p->timer, &p->closing);
    loop_close_end(&p->closing);
}

static void on_end(struct process *process, int status, int number, void *user)
{
    struct prompt *p = user;
    struct err e;
    int r = 0;
    if (p->is_late)
        r = err_set(&e, ERR_DEADLINE_EXCEEDED, "nobody answered the prompt");
    else if (status || number)
        r = err_set(&e, ERR_PERMISSION_DENIED, "access denied");
    p->cb(r, r ? &e : NULL, p->user);
}

static void on_time(void *user)
{
    struct prompt *p = user;
    p->is_late = true;
    kill_all(p);
}

/* ---- what the command gets ---- */

struct texts {
    char *own[OWN_VARIABLES];
    const char **env;
    const char *argv[PROMPT_PATTERNS_MAX + 2];
};

static void texts_deinit(struct texts *t)
{
    for (size_t i = 0; i < OWN_VARIABLES; i++)
        free(t->own[i]);
    free(t->env);
}

/* All that we have; what it says of a requester of ours isn't about this one. */
static int make_environment(struct texts *t, const struct requester *who)
{
    size_t n = 0;
    while (environ[n])
        n++;
    t->env = calloc(n + OWN_VARIABLES + 1, sizeof(*t->env));
    t->own[0] = str_format(OWN_PREFIX "PID=%d", (int)who->pid);
    t->own[1] = str_format(OWN_PREFIX "NAME=%s", who->name);
    t->own[2] = str_format(OWN_PREFIX "PATH=%s", who->path);
    if (!t->env || !t->own[0] || !t->own[1] || !t->own[2])
        return ERR_NO_MEMORY;
    n = 0;
    for (char **item = environ; *item; item++)
        if (!str_starts_with(*item, OWN_PREFIX))
            t->env[n++] = *item;
    for (size_t i = 0; i < OWN_VARIABLES; i++)
        t->env[n++] = t->own[i];
    return 0;
}

static int start(struct prompt *p, uv_loop_t *loop, struct texts *t, struct err *e)
{
    struct process_options o = {.argv = t->argv,
                                .env = t->env,
                                .in = PROCESS_NULL,
                                .out = PROCESS_NULL,
                                .error = PROCESS_NULL};
    return process_start(&p->process, loop, &o, on_end, p, e);
}

static int ask(struct prompt *p, uv_loop_t *loop, const char *command,
               const struct requester *who, const struct pattern *const *patterns,
               size_t n, struct err *e)
{
    CLEANUP(texts_deinit) struct texts t = {0};
    t.argv[0] = command;
    for (size_t i = 0; i < n; i++)
        t.argv[i + 1] = patterns[i]->text;
    int r = make_environment(&t, who);
    return r ? err_no_memory(e) : start(p, loop, &t, e);
}

int prompt_new(uv_loop_t *loop, const char *command, const struct requester *who,
               const struct pattern *const *patterns, size_t n,
               void (*cb)(int code, const struct err *e, void *user), void *user,
               struct prompt **out, struct err *e)
{
    if (n > PROMPT_PATTERNS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "more than %d patterns at once can't be asked for",
                       PROMPT_PATTERNS_MAX);
    struct prompt *p = calloc(1, sizeof(*p));
    if (!p)
        return err_no_memory(e);
    p->cb = cb;
    p->user = user;
    timer_init(&p->timer, loop, on_time, p);
    int r = ask(p, loop, command, who, patterns, n, e);
    if (r) {
        prompt_close(p);
        return r;
    }
    timer_start(&p->timer, PROMPT_TIMEOUT);
    *out = p;
    return 0;
}
