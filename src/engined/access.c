/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   plugins had their first try --> policy and grants --> a person, if need be
 *     --> the plugins that control access, all at once --> allowed
 *
 * The first no ends it.
 */
#include "engined/access.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/macro.h"
#include "base/mem.h"
#include "base/trust.h"
#include "engined/access_modules.h"
#include "engined/grants.h"
#include "engined/policy.h"
#include "engined/prompt.h"
#include "loop/clock.h"

struct access {
    uv_loop_t *loop;
    struct host *host;
    const struct config *config;
    struct policy policy;
    struct grants grants;
    size_t n_prompts;
};

struct access_request {
    struct access *access;
    enum access_kind kind;
    struct ucred peer;
    struct requester who;
    struct pattern *patterns;
    size_t n;
    int64_t time;                /* that a person's yes counts */
    const struct pattern **asks; /* what a person is asked for */
    size_t n_asks;
    int64_t expires;
    struct host_waiter waiter;
    struct prompt *prompt;
    struct modules *modules;
    access_cb *cb;
    void *user;
};

/* ---- the end ---- */

static void end_prompt(struct access_request *q)
{
    if (q->prompt)
        q->access->n_prompts--;
    prompt_close(TAKE(q->prompt));
}

static void request_free(struct access_request *q)
{
    host_waiter_cancel(&q->waiter);
    end_prompt(q);
    modules_close(q->modules);
    for (size_t i = 0; i < q->n; i++)
        pattern_deinit(&q->patterns[i]);
    free(q->patterns);
    free(q->asks);
    free(q);
}

static void finish(struct access_request *q, int code, const struct err *e)
{
    access_cb *cb = q->cb;
    void *user = q->user;
    int64_t expires = q->expires;
    struct err why;
    if (code)
        why = *e;
    request_free(q);
    cb(code, expires, code ? &why : NULL, user);
}

/* ---- the plugins that control access ---- */

static void on_modules(int code, int64_t expires, const struct err *e, void *user)
{
    struct access_request *q = user;
    if (expires && (!q->expires || expires < q->expires))
        q->expires = expires;
    finish(q, code, e);
}

static void ask_modules(struct access_request *q)
{
    struct err e;
    int r = 0;
    if (modules_are_there(q->access->host)) {
        r = modules_new(q->access->host, q->kind == ACCESS_AUTHORIZE, &q->who,
                        q->patterns, q->n, on_modules, q, &q->modules, &e);
        if (!r)
            return;
    }
    finish(q, r, &e);
}

/* ---- a person ---- */

static int remember(struct access_request *q, struct err *e)
{
    int64_t now = clock_monotonic();
    int r = 0;
    for (size_t i = 0; i < q->n_asks && !r; i++)
        r = grants_add(&q->access->grants, q->asks[i], q->who.uid, q->who.session,
                       clock_after(now, q->time), now, e);
    q->expires = clock_after(clock_now(), q->time);
    return r;
}

static void on_prompt(int code, const struct err *e, void *user)
{
    struct access_request *q = user;
    struct err why;
    end_prompt(q);
    if (code)
        why = *e;
    else
        code = remember(q, &why);
    if (code)
        finish(q, code, &why);
    else
        ask_modules(q);
}

static int ask_person(struct access_request *q, struct err *e)
{
    struct access *a = q->access;
    if (!a->config->prompt)
        return err_set(e, ERR_PERMISSION_DENIED,
                       "access denied: somebody must be asked for %s, and no prompt "
                       "command is set (ask from a terminal, allow it in the policy, or "
                       "set one in engine.conf)",
                       q->asks[0]->text);
    if (a->n_prompts == ACCESS_PROMPTS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "too many prompts at once");
    int r = trust_check_program(a->config->prompt, e);
    if (r)
        return err_wrap(e, r, "the prompt command");
    r = prompt_new(a->loop, a->config->prompt, &q->who, q->asks, q->n_asks, on_prompt, q,
                   &q->prompt, e);
    a->n_prompts += r ? 0 : 1;
    return r;
}

/* ---- the policy ---- */

static bool is_granted(const struct access *a, const struct requester *who,
                       const struct pattern *pattern)
{
    return grants_include(&a->grants, pattern, who->uid, who->session, clock_monotonic());
}

/* What isn't asked for by a rule is for a while, too. */
static void add_ask(struct access_request *q, const struct pattern *pattern,
                    const struct rule *rule)
{
    int64_t time = rule ? rule->time : POLICY_TIME;
    if (is_granted(q->access, &q->who, pattern))
        return;
    q->asks[q->n_asks++] = pattern;
    if (!q->time || time < q->time)
        q->time = time;
}

static int judge_one(struct access_request *q, const struct pattern *pattern,
                     struct err *e)
{
    const struct rule *rule;
    bool is_explicit = q->kind == ACCESS_AUTHORIZE;
    enum verdict verdict = policy_judge(&q->access->policy, pattern, &rule);
    if (!is_explicit && !pattern_is_id(pattern))
        return 0;
    if (verdict == VERDICT_DENY)
        return err_set(e, ERR_PERMISSION_DENIED, "access denied");
    if (verdict == VERDICT_ASK ||
        (verdict == VERDICT_NONE && is_explicit && !q->who.has_terminal))
        add_ask(q, pattern, rule);
    return 0;
}

static void begin(void *user)
{
    struct access_request *q = user;
    struct err e;
    int r = 0;
    if (q->kind == ACCESS_AUTHORIZE || q->access->policy.n ||
        modules_are_there(q->access->host))
        requester_read(&q->peer, &q->who);
    if (q->kind == ACCESS_AUTHORIZE)
        q->expires = clock_after(clock_now(), POLICY_TIME);
    for (size_t i = 0; i < q->n && !r; i++)
        r = judge_one(q, &q->patterns[i], &e);
    if (!r && q->n_asks)
        r = ask_person(q, &e);
    if (r)
        finish(q, r, &e);
    else if (!q->n_asks)
        ask_modules(q);
}

bool access_shows(const struct access *a, const struct ucred *peer, const char *id)
{
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    struct requester who;
    const struct rule *rule;
    if (!a->policy.n)
        return true;
    if (pattern_parse(&pattern, id, strlen(id), NULL))
        return false;
    switch (policy_judge(&a->policy, &pattern, &rule)) {
    case VERDICT_DENY:
        return false;
    case VERDICT_ASK:
        requester_read(peer, &who);
        return is_granted(a, &who, &pattern);
    default:
        return true;
    }
}

/* ---- requests ---- */

int access_start(struct access *a, enum access_kind kind, const struct ucred *peer,
                 struct pattern *patterns, size_t n, access_cb *cb, void *user,
                 struct access_request **out, struct err *e)
{
    struct access_request *q = calloc(1, sizeof(*q));
    struct pattern *moved = calloc(n, sizeof(*moved));
    const struct pattern **asks = calloc(n, sizeof(*asks));
    if (!q || !moved || !asks) {
        free(q);
        free(moved);
        free(asks);
        return err_no_memory(e);
    }
    memcpy(moved, patterns, n * sizeof(*moved));
    memset(patterns, 0, n * sizeof(*patterns));
    *q = (struct access_request){.access = a,
                                 .kind = kind,
                                 .peer = *peer,
                                 .patterns = moved,
                                 .n = n,
                                 .asks = asks,
                                 .cb = cb,
                                 .user = user};
    host_await_some(a->host, &q->waiter, NULL, begin, q);
    *out = q;
    return 0;
}

void access_cancel(struct access_request *q)
{
    request_free(q);
}

/* ---- life ---- */

static int read_policy(struct access *a, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    const char *path = a->config->policy;
    if (!path)
        return 0;
    int r = file_read_trusted(path, POLICY_FILE_MAX, &text, e);
    if (!r)
        r = policy_parse(&a->policy, buf_str(&text), e);
    return r ? err_wrap(e, r, "the policy %s", path) : 0;
}

int access_new(uv_loop_t *loop, struct host *host, const struct config *config,
               struct access **out, struct err *e)
{
    struct access *a = calloc(1, sizeof(*a));
    if (!a)
        return err_no_memory(e);
    a->loop = loop;
    a->host = host;
    a->config = config;
    int r = read_policy(a, e);
    if (r) {
        access_close(a);
        return r;
    }
    *out = a;
    return 0;
}

void access_close(struct access *a)
{
    if (!a)
        return;
    policy_deinit(&a->policy);
    grants_deinit(&a->grants);
    free(a);
}
