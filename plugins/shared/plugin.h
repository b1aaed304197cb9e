/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <coffer/coffer.h>

#include "base/err.h"
#include "base/program.h"

/*
 * What our plugins share: between the SDK's callbacks and code below them that speaks in
 * errors of base/err.h.
 */

/* Sets *e from an error of ours; "return plugin_fail(r, &why, e)" at the end of a
 * callback. 0 stays COFFER_OK. */
int plugin_fail(int code, const struct err *from, struct coffer_error *e);

/* Values pass through a plugin: makes core dumps impossible. False when that fails. */
bool plugin_harden(void);

/* A whole main(): makes core dumps impossible, runs the plugin, and tells on stderr what
 * went wrong. Returns the exit status. */
int plugin_main(const struct coffer_plugin_options *options);

/*
 * Ids in an internal realm (the engine's own credentials) are not handed out by a local
 * store, unless the engine says "internal = show": ours does, since it keeps them from
 * its clients itself.
 */
bool plugin_shows(const struct coffer_plugin *plugin, const char *id);

/* ---- configuration ---- */

/* A whole number of a line, or the default when there is no such line.
 * ERR_INVALID_ARGUMENT names the key. */
int plugin_config_number(const struct coffer_plugin *plugin, const char *key, int64_t min,
                         int64_t max, int64_t otherwise, int64_t *out,
                         struct err *e) MUST_CHECK;

/* ---- waiting ---- */

/* Nanoseconds of a clock that never goes back. */
int64_t plugin_now(void);

/*
 * How code below a callback waits: by the SDK, so that the engine isn't left alone
 * meanwhile, or without a plugin (NULL, in tests) by poll(2). The deadline is a point of
 * plugin_now(), or CLOCK_NEVER.
 */
struct waiter {
    struct coffer_plugin *plugin;
    int64_t deadline;
};

/* A plugin says what went wrong this long before the engine would give it up. */
#define PLUGIN_MARGIN_MS 250

/* For one callback: until the engine's deadline, less the margin. */
struct waiter waiter_of(struct coffer_plugin *plugin);

/* The same, but for at most so many milliseconds from now. */
struct waiter waiter_within(const struct waiter *w, int64_t ms);

/* Milliseconds that are left; at most `max`, at least 0. */
int waiter_left_ms(const struct waiter *w, int max);

/* Until the descriptor is ready, at most timeout_ms (-1: no limit but the deadline);
 * *is_ready says which it was. ERR_DEADLINE_EXCEEDED, also where it is ready then: what
 * never pauses must end, too. ERR_CANCELED, ERR_IO. */
int waiter_wait(const struct waiter *w, int fd, short events, int timeout_ms,
                bool *is_ready, struct err *e) MUST_CHECK;

/* program_run() that waits so. */
int waiter_run(const struct waiter *w, const struct program *c, struct program_end *end,
               struct err *e) MUST_CHECK;
