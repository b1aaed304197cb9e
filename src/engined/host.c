/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/host.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/macro.h"
#include "base/mem.h"
#include "base/str.h"
#include "engined/host_private.h"
#include "resolver/plugin.h"

/* ---- the set ---- */

struct plugin *host_next(const struct host *h, const struct plugin *after)
{
    struct list *link = after ? after->link.next : h->plugins.next;
    return link == &h->plugins ? NULL : CONTAINER_OF(link, struct plugin, link);
}

struct plugin *host_find(const struct host *h, const char *name)
{
    for (struct plugin *p = host_next(h, NULL); p; p = host_next(h, p))
        if (str_equal(p->name, name))
            return p;
    return NULL;
}

struct plugin *host_store(const struct host *h)
{
    return host_find(h, HOST_STORE_NAME);
}

bool host_guesses_store(const struct host *h)
{
    return h->may_switch_store;
}

int host_no_store(const struct host *h, struct err *e)
{
    return err_set(e, ERR_UNAVAILABLE, "there is no local store: %s",
                   err_text(&h->no_store));
}

size_t host_externals(const struct host *h)
{
    size_t n = 0;
    for (struct plugin *p = host_next(h, NULL); p; p = host_next(h, p))
        n += !p->file;
    return n;
}

const char *host_missing_guard(const struct host *h)
{
    for (size_t i = 0; i < h->guards.len; i++)
        if (!host_find(h, h->guards.entries[i].key))
            return h->guards.entries[i].key;
    return NULL;
}

int host_add_guard(struct host *h, const char *name, struct err *e)
{
    return map_put(&h->guards, name, NULL, NULL) ? err_no_memory(e) : 0;
}

int host_check_name(const struct host *h, const char *name, struct err *e)
{
    if (host_find(h, name) || str_equal(name, HOST_STORE_NAME))
        return err_set(e, ERR_ALREADY_EXISTS, "plugin %s already exists", name);
    return 0;
}

int host_add(struct host *h, struct plugin *p, struct err *e)
{
    if (h->n_plugins == PLUGINS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "there are %d plugins, which is the most", PLUGINS_MAX);
    if (p->name && host_find(h, p->name))
        return err_set(e, ERR_ALREADY_EXISTS, "plugin %s already exists", p->name);
    list_append(&h->plugins, &p->link);
    h->n_plugins++;
    return 0;
}

void host_remove(struct host *h, struct plugin *p)
{
    h->n_plugins--;
    plugin_close(p, NULL);
}

uv_loop_t *host_loop(const struct host *h)
{
    return h->loop;
}

const struct config *host_config(const struct host *h)
{
    return h->config;
}

/* ---- waiting ---- */

static bool is_awaited(const struct plugin *p)
{
    return p->file && p->is_enabled && !p->is_attempted;
}

static bool concerns(const struct plugin *p, const struct host_waiter *w)
{
    if (w->is_for_all || p->is_module || !p->settings.pattern || !p->pattern.n)
        return true;
    return w->pattern && pattern_intersects(&p->pattern, w->pattern);
}

static bool is_ready_for(const struct host *h, const struct host_waiter *w)
{
    for (struct plugin *p = host_next(h, NULL); p; p = host_next(h, p))
        if (is_awaited(p) && concerns(p, w))
            return false;
    return true;
}

static bool is_store_attempted(const struct host *h)
{
    const struct plugin *store = host_store(h);
    return !store || !is_awaited(store);
}

static void tell_store_waiters(struct host *h)
{
    struct list now;
    list_init(&now);
    list_splice(&now, &h->store_waiters);
    while (!list_is_empty(&now)) {
        struct host_waiter *w = LIST_FIRST(&now, struct host_waiter, link);
        list_remove(&w->link);
        w->cb(w->user);
    }
}

static void tell_waiters(struct host *h)
{
    struct list now;
    list_init(&now);
    list_splice(&now, &h->waiters);
    while (!list_is_empty(&now)) {
        struct host_waiter *w = LIST_FIRST(&now, struct host_waiter, link);
        list_remove(&w->link);
        if (is_ready_for(h, w))
            w->cb(w->user);
        else
            list_append(&h->waiters, &w->link);
    }
}

/* A keychain that was only a guess and isn't there: the files are the store. */
static void check_store(struct host *h)
{
    struct err e;
    struct plugin *store = host_store(h);
    if (!store || !h->may_switch_store || !store->is_attempted)
        return;
    h->may_switch_store = false;
    if (plugin_is_running(store))
        return;
    log_info("the keychain can't be the local store (%s): the files are",
             err_text(&store->why));
    if (host_make_store(h, "file", &e))
        log_error("%s", err_text(&e));
    else
        plugin_start(host_store(h));
}

static void on_wake(void *user)
{
    struct host *h = user;
    check_store(h);
    if (is_store_attempted(h))
        tell_store_waiters(h);
    tell_waiters(h);
}

static void await(struct host *h, struct list *waiters, struct host_waiter *w,
                  void (*cb)(void *user), void *user)
{
    w->cb = cb;
    w->user = user;
    list_append(waiters, &w->link);
    defer_start(&h->wake, &h->defers);
}

void host_await_all(struct host *h, struct host_waiter *w, void (*cb)(void *user),
                    void *user)
{
    w->is_for_all = true;
    await(h, &h->waiters, w, cb, user);
}

void host_await_some(struct host *h, struct host_waiter *w, const struct pattern *pattern,
                     void (*cb)(void *user), void *user)
{
    w->is_for_all = false;
    w->pattern = pattern;
    await(h, &h->waiters, w, cb, user);
}

void host_await_store(struct host *h, struct host_waiter *w, void (*cb)(void *user),
                      void *user)
{
    struct plugin *store = host_store(h);
    if (store && store->state == PLUGIN_FAILED)
        host_try_again(store);
    await(h, &h->store_waiters, w, cb, user);
}

void host_waiter_cancel(struct host_waiter *w)
{
    list_remove(&w->link);
}

/* ---- what plugins tell ---- */

void host_on_change(struct plugin *p)
{
    struct host *h = p->host;
    defer_start(&h->wake, &h->defers);
    h->events->on_change(h->user);
}

static bool is_any_left(const struct host *h)
{
    for (struct plugin *p = host_next(h, NULL); p; p = host_next(h, p))
        if (p->state != PLUGIN_STOPPED)
            return true;
    return false;
}

void host_on_stopped(struct plugin *p)
{
    struct host *h = p->host;
    bool is_again = p->file && p->is_enabled && !h->is_stopping;
    if (!p->file)
        host_remove(h, p);
    else if (is_again)
        plugin_start(p); /* it was enabled while it stopped */
    if (h->is_stopping && !is_any_left(h))
        defer_start(&h->stopped, &h->defers);
    defer_start(&h->wake, &h->defers);
    h->events->on_change(h->user);
}

/* ---- life ---- */

static void on_stopped(void *user)
{
    struct host *h = user;
    h->stop_cb(h->stop_user);
}

int host_new(uv_loop_t *loop, const struct config *config,
             const struct host_events *events, void *user, struct host **out,
             struct err *e)
{
    struct host *h = calloc(1, sizeof(*h));
    if (!h)
        return err_no_memory(e);
    *h = (struct host){.loop = loop, .config = config, .events = events, .user = user};
    list_init(&h->plugins);
    list_init(&h->waiters);
    list_init(&h->store_waiters);
    defer_queue_init(&h->defers, loop);
    defer_init(&h->wake, on_wake, h);
    defer_init(&h->stopped, on_stopped, h);
    *out = h;
    return 0;
}

int host_start(struct host *h, struct err *e)
{
    int r = host_state_load(h, e);
    if (!r)
        r = host_discover(h, e);
    if (r)
        return r;
    h->is_started = true;
    for (struct plugin *p = host_next(h, NULL); p; p = host_next(h, p))
        if (p->is_enabled)
            plugin_start(p);
    return 0;
}

/* Who stops may take others along, so that each look begins anew. */
static struct plugin *next_to_stop(const struct host *h)
{
    for (struct plugin *p = host_next(h, NULL); p; p = host_next(h, p))
        if (p->state != PLUGIN_STOPPED && p->state != PLUGIN_STOPPING)
            return p;
    return NULL;
}

void host_stop(struct host *h, void (*cb)(void *user), void *user)
{
    h->is_stopping = true;
    h->stop_cb = cb;
    h->stop_user = user;
    defer_start(&h->stopped, &h->defers);
    for (struct plugin *p; (p = next_to_stop(h));)
        plugin_stop(p);
    if (is_any_left(h))
        defer_cancel(&h->stopped);
}

static void host_free(void *user)
{
    struct host *h = user;
    struct loop_close *parent = h->parent;
    host_state_deinit(h);
    map_deinit(&h->guards);
    free(h);
    if (parent)
        loop_close_release(parent);
}

void host_close(struct host *h, struct loop_close *c)
{
    h->parent = c;
    if (c)
        loop_close_hold(c);
    loop_close_init(&h->closing, host_free, h);
    while (!list_is_empty(&h->plugins))
        plugin_close(LIST_FIRST(&h->plugins, struct plugin, link), &h->closing);
    defer_queue_close(&h->defers, &h->closing);
    loop_close_end(&h->closing);
}

void host_accept(struct host *h, int fd, const void *early, size_t n)
{
    struct plugin *p;
    struct err e;
    int r = plugin_new_external(h, fd, early, n, &p, &e);
    if (!r && (r = host_add(h, p, &e)))
        plugin_close(p, NULL);
    if (r)
        log_warn("a plugin that connected is sent away: %s", err_text(&e));
}
