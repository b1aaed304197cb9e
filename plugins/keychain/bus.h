/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <gio/gio.h>

#include "base/err.h"
#include "shared/plugin.h"

/*
 * The session bus, in calls that end: GLib's asynchronous ones, with a loop around them
 * that waits by the SDK and cancels them when the time is over.
 *
 * One thread. Between keychain_bus_begin() and keychain_bus_end(), which are an
 * operation, there may be calls; after the second none is under way.
 */

/* Longest time for one call when the operation sets none; for a keyring that hangs. */
#define KEYCHAIN_CALL_MS 10000

/* How many calls are under way at once. */
#define KEYCHAIN_IN_FLIGHT_MAX 64

struct keychain_bus {
    GMainContext *context;
    GDBusConnection *connection; /* NULL: not connected */
    struct waiter waiter;        /* of the operation */
    GCancellable *cancel;        /* of the operation */
    size_t in_flight;
    bool is_listening; /* the bus sends us the signals that were asked for */
};

/* Memory of GLib's ends the process where there is none. */
void keychain_bus_init(struct keychain_bus *b);
void keychain_bus_deinit(struct keychain_bus *b);

void keychain_bus_begin(struct keychain_bus *b, const struct waiter *w);
void keychain_bus_end(struct keychain_bus *b);

/* Connects to the session bus, where that isn't done; it is never launched.
 * ERR_UNAVAILABLE tells, in Docker's words, that there is none. Where a bus went away,
 * nothing may hold the old connection any more. */
int keychain_bus_connect(struct keychain_bus *b, struct err *e) MUST_CHECK;
bool keychain_bus_is_connected(const struct keychain_bus *b);

/* Has the bus send us the signals that a rule of its matches; once for a connection, so
 * always with the same rule. */
int keychain_bus_listen(struct keychain_bus *b, const char *rule,
                        struct err *e) MUST_CHECK;

/* How many signals have come. Those that were sent before an answer are among them when
 * it is there. */
unsigned keychain_bus_signals(void);

/* Where a method is. */
struct keychain_method {
    const char *owner; /* a name on the bus */
    const char *path;
    const char *interface;
    const char *name;
    const char *answer; /* the type of its answer, "(ao)" */
};

/* One call. `arguments` (may be NULL) is floating and taken over. *out is unreffed by the
 * caller. Errors: those of keychain_error(). */
int keychain_bus_call(struct keychain_bus *b, const struct keychain_method *m,
                      GVariant *arguments, GVariant **out, struct err *e) MUST_CHECK;

/* One call of the bus itself. */
int keychain_bus_ask(struct keychain_bus *b, const char *name, GVariant *arguments,
                     const char *answer, GVariant **out, struct err *e) MUST_CHECK;

/* The same in parts, for several at once: begin, and after keychain_bus_settle() *out or
 * *error is set. Both must be NULL before, and stay where they are. */
struct keychain_call {
    struct keychain_bus *bus;
    GVariant *answer;
    GError *error;
};
void keychain_call_begin(struct keychain_bus *b, struct keychain_call *c,
                         const struct keychain_method *m, GVariant *arguments);
void keychain_call_deinit(struct keychain_call *c);

/* Until no more than `most` are under way. When the time is over or nobody waits any
 * more, all are canceled: ERR_DEADLINE_EXCEEDED, ERR_CANCELED. */
int keychain_bus_settle(struct keychain_bus *b, size_t most, struct err *e) MUST_CHECK;

/* Until *flag is set, by a callback of GLib's. */
int keychain_bus_until(struct keychain_bus *b, const bool *flag,
                       struct err *e) MUST_CHECK;

/* Waits. */
int keychain_bus_pause(struct keychain_bus *b, unsigned ms, struct err *e) MUST_CHECK;

/* For calls of libsecret: count them in, and out in their callback. */
static inline void keychain_bus_enter(struct keychain_bus *b)
{
    b->in_flight++;
}
static inline void keychain_bus_leave(struct keychain_bus *b)
{
    b->in_flight--;
}

/* ---- errors (error.c) ---- */

/* What an error of GLib's is: ERR_FAILED_PRECONDITION when something is locked,
 * ERR_NOT_FOUND for an object that isn't there, ERR_UNIMPLEMENTED for a method,
 * ERR_PERMISSION_DENIED, ERR_UNAVAILABLE (the service or the bus went away),
 * ERR_DEADLINE_EXCEEDED, else ERR_INTERNAL. `what` was done. Frees the error. */
int keychain_error(GError *error, const char *what, struct err *e) MUST_CHECK;
