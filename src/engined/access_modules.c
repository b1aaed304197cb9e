/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/access_modules.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/macro.h"
#include "resolver/plugin.h"
#include "secrets/accesscontrol.pb-c.h"
#include "wire/message.h"

#define CHECK_PROCEDURE "/accesscontrol.v1.AccessControlService/CheckAccess"
#define AUTHORIZE_PROCEDURE "/accesscontrol.v1.AccessControlService/Authorize"

struct question {
    struct modules *modules;
    struct session_call *call; /* NULL: answered */
};

struct modules {
    bool is_explicit;
    struct question questions[PLUGINS_MAX];
    size_t n, n_open;
    int64_t expires;
    void (*cb)(int code, int64_t expires, const struct err *e, void *user);
    void *user;
};

static bool is_wanted(const struct plugin *p)
{
    return p->is_module && p->is_enabled && p->state != PLUGIN_STOPPED;
}

bool modules_are_there(const struct host *h)
{
    for (struct plugin *p = host_next(h, NULL); p; p = host_next(h, p))
        if (is_wanted(p))
            return true;
    return host_missing_guard(h) != NULL;
}

/* ---- answers ---- */

static int denied(struct err *e)
{
    return err_set(e, ERR_PERMISSION_DENIED, "access denied");
}

static void take_expiry(struct modules *m, const Google__Protobuf__Timestamp *t)
{
    int64_t at;
    if (!t || t->seconds <= 0 || __builtin_mul_overflow(t->seconds, CLOCK_SECOND, &at))
        return;
    if (!m->expires || at < m->expires)
        m->expires = at;
}

static bool is_yes(struct modules *m, const ProtobufCMessage *answer)
{
    if (!m->is_explicit)
        return ((const Accesscontrol__V1__CheckAccessResponse *)(const void *)answer)
                   ->decision == ACCESSCONTROL__V1__DECISION__DECISION_ALLOW;
    const Accesscontrol__V1__AuthorizeResponse *r = (const void *)answer;
    take_expiry(m, r->expires_at);
    return r->decision == ACCESSCONTROL__V1__DECISION__DECISION_ALLOW;
}

static void on_answer(int code, ProtobufCMessage **answer, const struct err *why,
                      void *user)
{
    struct question *q = user;
    struct modules *m = q->modules;
    struct err e;
    q->call = NULL;
    m->n_open--;
    if (code && code != ERR_PERMISSION_DENIED)
        log_warn("a plugin that controls access failed: %s", err_text(why));
    if (code || !is_yes(m, *answer))
        m->cb(denied(&e), 0, &e, m->user);
    else if (!m->n_open)
        m->cb(0, m->expires, NULL, m->user);
}

/* ---- questions ---- */

struct wire_question {
    const struct requester *who;
    const struct pattern *patterns;
    size_t n;
};

/* The message only borrows; the strings are the caller's. */
static Accesscontrol__V1__Requester describe(struct requester *who)
{
    Accesscontrol__V1__Requester r = ACCESSCONTROL__V1__REQUESTER__INIT;
    r.pid = (int32_t)who->pid;
    r.name = who->name;
    r.absolute_binary_path = who->path;
    return r;
}

static int call_check(struct question *q, const struct plugin *p,
                      const struct wire_question *w, struct err *e)
{
    struct requester who = *w->who;
    Accesscontrol__V1__Requester requester = describe(&who);
    Accesscontrol__V1__CheckAccessRequest m =
        ACCESSCONTROL__V1__CHECK_ACCESS_REQUEST__INIT;
    m.pattern = w->patterns[0].text;
    m.requester = &requester;
    return session_call(p->session, CHECK_PROCEDURE, &m.base,
                        &accesscontrol__v1__check_access_response__descriptor,
                        host_config(p->host)->request_timeout, on_answer, q, &q->call, e);
}

static int call_authorize(struct question *q, const struct plugin *p,
                          const struct wire_question *w, struct err *e)
{
    struct requester who = *w->who;
    Accesscontrol__V1__Requester requester = describe(&who);
    Accesscontrol__V1__AuthorizeRequest m = ACCESSCONTROL__V1__AUTHORIZE_REQUEST__INIT;
    char **texts = calloc(w->n, sizeof(*texts));
    if (!texts)
        return err_no_memory(e);
    for (size_t i = 0; i < w->n; i++)
        texts[i] = w->patterns[i].text;
    m.patterns = texts;
    m.n_patterns = w->n;
    m.requester = &requester;
    int r =
        session_call(p->session, AUTHORIZE_PROCEDURE, &m.base,
                     &accesscontrol__v1__authorize_response__descriptor,
                     host_config(p->host)->request_timeout, on_answer, q, &q->call, e);
    free(texts);
    return r;
}

static int not_there(const char *name, struct err *e)
{
    return err_set(e, ERR_PERMISSION_DENIED,
                   "access denied: the plugin %s, which controls access, is not there",
                   name);
}

static int ask(struct modules *m, const struct plugin *p, const struct wire_question *w,
               struct err *e)
{
    struct question *q = &m->questions[m->n];
    q->modules = m;
    if (!plugin_is_running(p))
        return not_there(p->name, e);
    m->n++;
    int r = m->is_explicit ? call_authorize(q, p, w, e) : call_check(q, p, w, e);
    m->n_open += r ? 0 : 1;
    return r;
}

int modules_new(const struct host *h, bool is_explicit, const struct requester *who,
                const struct pattern *patterns, size_t n,
                void (*cb)(int code, int64_t expires, const struct err *e, void *user),
                void *user, struct modules **out, struct err *e)
{
    struct wire_question w = {who, patterns, n};
    const char *missing = host_missing_guard(h);
    if (missing)
        return not_there(missing, e);
    struct modules *m = calloc(1, sizeof(*m));
    if (!m)
        return err_no_memory(e);
    m->is_explicit = is_explicit;
    m->cb = cb;
    m->user = user;
    int r = 0;
    for (struct plugin *p = host_next(h, NULL); p && !r; p = host_next(h, p))
        if (is_wanted(p))
            r = ask(m, p, &w, e);
    if (r) {
        modules_close(m);
        return r;
    }
    *out = m;
    return 0;
}

void modules_close(struct modules *m)
{
    for (size_t i = 0; m && i < m->n; i++)
        if (m->questions[i].call)
            session_call_cancel(m->questions[i].call);
    free(m);
}
