/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/list.h"
#include "engined/config.h"
#include "engined/plugin.h"
#include "secrets/plugins.pb-c.h"

/*
 * The set of plugins: those of the plugin folders, which are started, and those that
 * connect by themselves. Names are unique in it.
 *
 * One of the programs coffer-plugin-keychain and coffer-plugin-file is the local store,
 * whose name is "docker-pass". Other programs whose name begins with "coffer-plugin-" run
 * when there is a file plugins/NAME.conf or they were enabled; foreign ones unless they
 * were disabled.
 */
#define HOST_STORE_NAME "docker-pass"

struct host;

struct host_events {
    /* The plugins that can be asked, or what they say of themselves, changed. */
    void (*on_change)(void *user);
};

int host_new(uv_loop_t *loop, const struct config *config,
             const struct host_events *events, void *user, struct host **out,
             struct err *e) MUST_CHECK;

/* Looks for plugins and starts those that are enabled. */
int host_start(struct host *h, struct err *e) MUST_CHECK;

/* Ends all plugins in good order, then cb. Nothing may be waiting for the host. */
void host_stop(struct host *h, void (*cb)(void *user), void *user);

/* After host_stop, or when it was never started. */
void host_close(struct host *h, struct loop_close *c);

/* A connection whose other side is to register: fd moves in. */
void host_accept(struct host *h, int fd, const void *early, size_t n);

/* ---- the plugins ---- */

/* In no order; NULL ends. Start with NULL. */
struct plugin *host_next(const struct host *h, const struct plugin *after);
struct plugin *host_find(const struct host *h, const char *name);

/* The local store's plugin, running or not; NULL when there is none: the error of the
 * other function then says why. ERR_UNAVAILABLE. */
struct plugin *host_store(const struct host *h);
int host_no_store(const struct host *h, struct err *e) MUST_CHECK;

/* Is the store a guess that its first start is to prove? */
bool host_guesses_store(const struct host *h);

/* Plugins that connected by themselves. */
size_t host_externals(const struct host *h);

/* The name of one that connects by itself, controls access, as its settings say, and is
 * not there; NULL: there is none. Who was once there is remembered until the engine ends.
 */
const char *host_missing_guard(const struct host *h);
int host_add_guard(struct host *h, const char *name, struct err *e) MUST_CHECK;

/* Their descriptions; a new message. */
int host_list(const struct host *h, Plugins__V1__ListPluginsResponse **out,
              struct err *e) MUST_CHECK;

/* Both last over restarts. What is to be enabled may be new; one that was given up is
 * tried again. ERR_NOT_FOUND, ERR_FAILED_PRECONDITION (of one that connects by itself;
 * the local store can't be disabled). */
int host_enable(struct host *h, const char *name, struct err *e) MUST_CHECK;
int host_disable(struct host *h, const char *name, struct err *e) MUST_CHECK;

/* Tries those again that failed: what they lacked may be there now. */
void host_retry(struct host *h);

/* ---- waiting ---- */

struct host_waiter {
    struct list link;
    bool is_for_all;
    const struct pattern *pattern;
    void (*cb)(void *user);
    void *user;
};

/* cb comes once, from the loop, when each enabled plugin has run or failed once; *w is
 * the caller's and is not to move. */
void host_await_all(struct host *h, struct host_waiter *w, void (*cb)(void *user),
                    void *user);

/* The same for those that may have secrets of this pattern, which stays the caller's
 * until then (NULL: for none), and those that may control access. Who a plugin is not is
 * known by the pattern in its settings alone. */
void host_await_some(struct host *h, struct host_waiter *w, const struct pattern *pattern,
                     void (*cb)(void *user), void *user);

/* The same for the local store alone. One that was given up is tried again. */
void host_await_store(struct host *h, struct host_waiter *w, void (*cb)(void *user),
                      void *user);
void host_waiter_cancel(struct host_waiter *w);

/* ---- for plugins ---- */

uv_loop_t *host_loop(const struct host *h);
const struct config *host_config(const struct host *h);

/* May a plugin that connected by itself have this name? ERR_ALREADY_EXISTS. */
int host_check_name(const struct host *h, const char *name, struct err *e) MUST_CHECK;

/* Reads the plugin's settings anew, before each of its starts. */
int host_read_settings(struct plugin *p, struct err *e) MUST_CHECK;

/* It began to run, failed, or stopped. An external plugin that failed is to be closed. */
void host_on_change(struct plugin *p);
void host_on_stopped(struct plugin *p);
