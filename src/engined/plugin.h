/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/list.h"
#include "engined/backoff.h"
#include "engined/launch.h"
#include "engined/plugin_settings.h"
#include "engined/session.h"
#include "loop/loop.h"
#include "resolver/merge.h"
#include "resolver/pattern.h"

/*
 * One plugin: its program, its connection, what it said of itself. What concerns the set
 * of them is the host's (host.h), which owns it.
 *
 *   STOPPED --start--> STARTING --registers--> CONFIGURING --> RUNNING
 *      ^                  |  \__________ ends, or is late ________/
 *      |                  |                        |
 *      +-- STOPPING <-----+------ stop ------      v
 *                         ^                     ENDING --program is gone--> WAITING
 *                         |                                                   |  |
 *                         +------------------- after a while -----------------+  |
 *                                                          FAILED <--too often---+
 *
 * A plugin that connects by itself begins in STARTING and is gone when its connection is.
 */
enum plugin_state {
    PLUGIN_STOPPED,
    PLUGIN_STARTING,
    PLUGIN_CONFIGURING,
    PLUGIN_RUNNING,
    PLUGIN_STOPPING,
    PLUGIN_ENDING,
    PLUGIN_WAITING,
    PLUGIN_FAILED,
};

/* How long it may take to register, to say yes to a shutdown, and to go then. */
#define PLUGIN_REGISTER_TIMEOUT (5 * CLOCK_SECOND)
#define PLUGIN_SHUTDOWN_TIMEOUT (2 * CLOCK_SECOND)
#define PLUGIN_LEAVE_TIMEOUT (500 * CLOCK_MILLISECOND)

struct host;
struct configure;

struct plugin {
    struct list link; /* of the host */
    struct host *host;
    char *name;          /* that it registers under; NULL: it connected, and hasn't yet */
    char *file;          /* its program; NULL: it connects by itself */
    char *settings_name; /* of its file plugins/NAME.conf */
    bool takes_command;  /* 'command' is one of its own keys */
    bool is_store;       /* it is the local store: can't be disabled */
    bool is_optional;    /* it only runs when it is configured or enabled */
    bool is_enabled;
    bool is_attempted; /* since it was enabled: it ran, or failed */
    enum plugin_state state;
    struct plugin_settings settings;

    /* from its registration; they stay when it ends */
    char *version;
    struct pattern pattern; /* of the settings, or its own; n is 0: not known yet */
    bool is_module;         /* it controls access, and has no secrets */
    bool can_store, can_configure;

    struct launch *launch;
    struct session *session;
    struct configure *configure;
    struct session_call *shutdown;
    struct timer timer;
    struct backoff backoff;
    int64_t runs_since; /* monotonic; 0: it doesn't */
    struct err why;     /* the last failure; code 0: none */
    const char *lack;   /* how it is confined less than by default; NULL: it isn't */
    bool is_lost;       /* it went, and how its program ends says more */
    struct loop_close closing, *parent;
};

/* A plugin of ours; not started yet. The names are copied, settings are moved. */
int plugin_new(struct host *host, const char *name, const char *file,
               struct plugin_settings *settings, struct plugin **out,
               struct err *e) MUST_CHECK;

/* One that connected by itself: fd moves in, also when this fails. */
int plugin_new_external(struct host *host, int fd, const void *early, size_t n,
                        struct plugin **out, struct err *e) MUST_CHECK;

/* Lets it end: Shutdown, SIGTERM, SIGKILL. host_on_stopped tells when; at once if nothing
 * runs. */
void plugin_stop(struct plugin *p);

/* Starts it if it isn't running or about to. Its tries are counted anew. */
void plugin_start(struct plugin *p);

/* Frees it, in whatever state it is; who waits for its answers is told. */
void plugin_close(struct plugin *p, struct loop_close *c);

/* Can it be asked? Else, has it failed? */
bool plugin_is_running(const struct plugin *p);
bool plugin_is_failed(const struct plugin *p);

/* ---- within the plugin's own files ---- */

/* It failed, for this reason: what is left of it is ended, and it is tried again. */
void plugin_fail(struct plugin *p, const struct err *why);

/* Serves the plugin's call of RegisterPlugin (plugin_register.c). */
void plugin_register(struct plugin *p, struct session_incoming *call);

/* It is registered, and configured: it runs. */
void plugin_ready(struct plugin *p);

/*
 * Sends the plugin its settings (plugin_configure.c): those that refer to a secret are
 * looked up first, when the local store is there. plugin_ready or plugin_fail follows,
 * from the loop or at once.
 */
void configure_start(struct plugin *p);
void configure_close(struct plugin *p);
