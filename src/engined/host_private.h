/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/map.h"
#include "engined/host.h"

struct host {
    uv_loop_t *loop;
    const struct config *config;
    const struct host_events *events;
    void *user;
    struct list plugins; /* struct plugin */
    size_t n_plugins;
    struct list waiters, store_waiters;
    struct defer_queue defers;
    struct defer wake;
    struct map guards; /* names of those that must control access; the value is nothing */
    struct map switches; /* name -> "enabled" or "disabled", as the state file has it */
    const char *store_program; /* "keychain", "file": what the store is or may become */
    struct err no_store;       /* why there is none */
    bool may_switch_store;     /* to the files, if the keychain doesn't begin to run */
    bool is_started, is_stopping;
    void (*stop_cb)(void *user);
    void *stop_user;
    struct defer stopped;
    struct loop_close closing, *parent;
};

/* host_discover.c: makes the plugins that there are; what is wrong with one is logged. */
int host_discover(struct host *h, struct err *e) MUST_CHECK;

/* Looks for further ones; they are not started. */
int host_look_again(struct host *h, struct err *e) MUST_CHECK;

/* Replaces the local store's plugin by that of another program; it is not started. */
int host_make_store(struct host *h, const char *program, struct err *e) MUST_CHECK;

/* host_manage.c: starts one that isn't running, as if it had never failed. */
void host_try_again(struct plugin *p);

/* host_state.c: what was switched on and off. */

/* Takes the lines of a text, which is changed and has a NUL behind its n bytes; what is
 * no such line is passed over, and logged. ERR_NO_MEMORY. */
int host_state_parse(struct map *switches, char *text, size_t n,
                     struct err *e) MUST_CHECK;
int host_state_write(const struct map *switches, struct buf *out) MUST_CHECK;
int host_state_load(struct host *h, struct err *e) MUST_CHECK;
int host_state_set(struct host *h, const char *name, bool is_enabled,
                   struct err *e) MUST_CHECK;
void host_state_deinit(struct host *h);

/* Puts a plugin into the set. ERR_RESOURCE_EXHAUSTED, ERR_ALREADY_EXISTS. */
int host_add(struct host *h, struct plugin *p, struct err *e) MUST_CHECK;
void host_remove(struct host *h, struct plugin *p);
