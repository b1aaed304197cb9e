/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin's life: connect, register, then turn and serve, one request after the other,
 * until somebody says stop; then what came before that is still served, and sent.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "resolver/plugin.h"
#include "sdk/client.h"
#include "sdk/plugin_private.h"

/* ---- options ---- */

static int check_callbacks(const struct coffer_plugin_callbacks *c, struct err *e)
{
    int n = !!c->save + !!c->remove + !!c->list + !!c->unlock + !!c->lock;
    if (!c->get)
        return err_set(e, ERR_INVALID_ARGUMENT, "a plugin needs a get callback");
    if (n != 0 && n != 5)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "a store needs all of save, remove, list, unlock and lock");
    return 0;
}

static int check_options(const struct coffer_plugin_options *o, struct err *e)
{
    if (!o->version)
        return err_set(e, ERR_INVALID_ARGUMENT, "version is required");
    if (!o->pattern)
        return err_set(e, ERR_INVALID_ARGUMENT, "pattern is required");
    if (!o->callbacks)
        return err_set(e, ERR_INVALID_ARGUMENT, "callbacks are required");
    if (o->register_timeout_ms < 0)
        return err_set(e, ERR_INVALID_ARGUMENT, "register_timeout_ms is negative");
    int r = plugin_check_version(o->version, e);
    return r ? r : sdk_check_pattern(o->pattern, e);
}

static int take_options(struct coffer_plugin *p, const struct coffer_plugin_options *o,
                        struct err *e)
{
    int r =
        sdk_copy_struct(&p->options, sizeof(p->options), o, "coffer_plugin_options", e);
    if (!r)
        r = check_options(&p->options, e);
    if (!r)
        r = sdk_copy_struct(&p->callbacks, sizeof(p->callbacks), p->options.callbacks,
                            "coffer_plugin_callbacks", e);
    return r ? r : check_callbacks(&p->callbacks, e);
}

/* ---- serving ---- */

/* Serves one request, if there is one, and lets the connection have its turn; that waits
 * only when there was none. */
static int serve_one(struct coffer_plugin *p, int64_t deadline, struct err *e)
{
    struct sdk_exchange *x = sdk_link_has_room(&p->link) ? sdk_link_next(&p->link) : NULL;
    int r = x ? sdk_plugin_serve(p, x, e) : 0;
    return r ? r : sdk_link_turn(&p->link, x ? 0 : deadline, NULL, e);
}

static int serve(struct coffer_plugin *p, struct err *e)
{
    int r = 0;
    while (!r && !p->is_stopping && !p->link.is_gone)
        r = serve_one(p, CLOCK_NEVER, e);
    return r;
}

/* Streams have ended on both sides, too: an engine in Go takes one that hasn't when the
 * connection closes for a call under way, and waits for it. */
static bool is_drained(struct sdk_link *l)
{
    return l->is_gone || (!sdk_link_next(l) && !sdk_link_has_output(l) &&
                          !sdk_link_is_answering(l) && !yamux_n_streams(l->yamux));
}

/* What is whole is served; what isn't by now never will be. */
static int drain(struct coffer_plugin *p, struct err *e)
{
    int64_t deadline = clock_after(sdk_now(), SDK_DRAIN_TIME);
    int r = yamux_go_away(p->link.yamux, e);
    while (!r && sdk_now() < deadline) {
        r = serve_one(p, 0, e);
        if (r || is_drained(&p->link))
            break;
        r = serve_one(p, deadline, e);
    }
    return r;
}

/* A start that failed is the reason of the end, whatever came after it. */
static int live(struct coffer_plugin *p, struct err *e)
{
    int r = sdk_plugin_connect(p, e);
    if (!r)
        r = sdk_plugin_register(p, e);
    if (!r)
        r = serve(p, e);
    if (!r && !p->link.is_gone)
        r = drain(p, e);
    if (!p->failure.code)
        return r;
    *e = p->failure;
    return p->failure.code;
}

static void plugin_free(struct coffer_plugin *p)
{
    sdk_link_deinit(&p->link);
    sdk_config_deinit(&p->config);
    free(p->name);
    free(p);
}

int coffer_plugin_run(const struct coffer_plugin_options *options, struct coffer_error *e)
{
    struct err why = {0};
    struct coffer_plugin *p = calloc(1, sizeof(*p));
    if (!p)
        return sdk_error(e, err_no_memory(&why), &why);
    p->link.fd = -1;
    int r = take_options(p, options, &why);
    if (!r)
        r = live(p, &why);
    plugin_free(p);
    return sdk_error(e, r, &why);
}

/* ---- within callbacks ---- */

void coffer_plugin_stop(struct coffer_plugin *plugin)
{
    plugin->is_stopping = true;
}

int coffer_plugin_deadline_ms(const struct coffer_plugin *plugin)
{
    return sdk_poll_time(plugin->deadline, sdk_now());
}

static int64_t wait_limit(const struct coffer_plugin *p, int timeout_ms)
{
    if (timeout_ms < 0)
        return p->deadline;
    int64_t end = clock_after(sdk_now(), timeout_ms * CLOCK_MILLISECOND);
    return end < p->deadline ? end : p->deadline;
}

int coffer_plugin_wait(struct coffer_plugin *plugin, int fd, short events, int timeout_ms,
                       struct coffer_error *e)
{
    struct pollfd other = {.fd = fd, .events = events};
    int64_t deadline = wait_limit(plugin, timeout_ms);
    struct err why = {0};
    for (;;) {
        int r = sdk_link_turn(&plugin->link, deadline, &other, &why);
        if (other.revents)
            return COFFER_OK;
        if (r || plugin->link.is_gone || plugin->current->is_dead)
            return coffer_error_set(e, COFFER_CANCELED, "nobody waits for the answer");
        if (sdk_now() >= deadline)
            return coffer_error_set(e, COFFER_TIMEOUT, "it took too long");
    }
}
