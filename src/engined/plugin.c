/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/plugin.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/macro.h"
#include "base/mem.h"
#include "base/str.h"
#include "engined/host.h"
#include "loop/clock.h"
#include "secrets/plugins.pb-c.h"
#include "wire/connect.h"

#define REGISTER_PROCEDURE "/plugins.v1.RegisterService/RegisterPlugin"
#define SHUTDOWN_PROCEDURE "/plugins.v1.PluginService/Shutdown"

static const char *shown(const struct plugin *p)
{
    return p->name ? p->name : "(not registered)";
}

bool plugin_is_running(const struct plugin *p)
{
    return p->state == PLUGIN_RUNNING;
}

bool plugin_is_failed(const struct plugin *p)
{
    return p->state == PLUGIN_ENDING || p->state == PLUGIN_WAITING ||
           p->state == PLUGIN_FAILED;
}

/* ---- what is left of a run ---- */

/* Who waits for an answer of the plugin's is told; we ourselves needn't be. */
static void drop_session(struct plugin *p)
{
    struct session *s = TAKE(p->session);
    struct err e;
    configure_close(p);
    if (p->shutdown)
        session_call_cancel(TAKE(p->shutdown));
    err_set(&e, ERR_UNAVAILABLE, "the plugin stops");
    if (s)
        session_end_calls(s, p->why.code ? &p->why : &e);
    session_close(s, NULL);
}

static void stopped(struct plugin *p)
{
    timer_cancel(&p->timer);
    p->state = PLUGIN_STOPPED;
    host_on_stopped(p);
}

/* Of a stop: the program is to end, too. */
static void end_run(struct plugin *p)
{
    drop_session(p);
    if (p->launch)
        launch_stop(p->launch);
    else
        stopped(p);
}

/* ---- failures ---- */

/* The program is gone. */
static void wait_or_give_up(struct plugin *p)
{
    if (!p->file) {
        log_info("plugin %s is gone: %s", shown(p), err_text(&p->why));
        stopped(p);
        return;
    }
    int64_t ran = p->runs_since ? clock_monotonic() - p->runs_since : 0;
    int64_t delay = backoff_next(&p->backoff, ran, host_config(p->host)->retry_time);
    bool is_too_often = delay < 0;
    p->runs_since = 0;
    p->state = is_too_often ? PLUGIN_FAILED : PLUGIN_WAITING;
    p->is_attempted = true;
    if (is_too_often)
        log_error("plugin %s is given up: %s", shown(p), err_text(&p->why));
    else
        log_warn("plugin %s failed: %s", shown(p), err_text(&p->why));
    if (!is_too_often)
        timer_start(&p->timer, delay);
    host_on_change(p);
}

void plugin_fail(struct plugin *p, const struct err *why)
{
    p->why = *why;
    timer_cancel(&p->timer);
    drop_session(p);
    p->state = PLUGIN_ENDING; /* how its program ends may say more than this */
    if (!p->launch) {
        wait_or_give_up(p);
        return;
    }
    launch_stop(p->launch);
    host_on_change(p);
}

/* That it ended says less than what went before. */
static void on_program_end(const struct err *how, void *user)
{
    struct plugin *p = user;
    launch_close(TAKE(p->launch), NULL);
    p->why = p->state == PLUGIN_ENDING ? p->why : *how;
    drop_session(p);
    if (p->state == PLUGIN_STOPPING) {
        stopped(p);
        return;
    }
    if (p->state != PLUGIN_ENDING || p->is_lost)
        p->why = *how;
    timer_cancel(&p->timer);
    wait_or_give_up(p);
}

/* ---- the connection ---- */

static void on_call(struct session_incoming *call, const char *procedure, void *user)
{
    struct plugin *p = user;
    struct err e;
    if (str_equal(procedure, REGISTER_PROCEDURE)) {
        plugin_register(p, call);
        return;
    }
    err_set(&e, ERR_UNIMPLEMENTED, "an engine doesn't serve its plugins this");
    session_refuse(call, &e);
}

static void on_session_end(const struct err *why, void *user)
{
    struct plugin *p = user;
    if (p->state != PLUGIN_STOPPING) {
        p->is_lost = why->code == ERR_UNAVAILABLE; /* else we know what is wrong */
        plugin_fail(p, why);
        return;
    }
    end_run(p);
}

static const struct session_events session_events = {on_call, on_session_end};

static void on_time(void *user)
{
    struct plugin *p = user;
    struct err e;
    if (p->state == PLUGIN_STOPPING) {
        end_run(p);
    } else if (p->state == PLUGIN_WAITING) {
        p->state = PLUGIN_STOPPED;
        plugin_start(p);
    } else if (p->state == PLUGIN_STARTING) {
        err_set(&e, ERR_DEADLINE_EXCEEDED, "it did not register in time");
        plugin_fail(p, &e);
    }
}

void plugin_ready(struct plugin *p)
{
    p->state = PLUGIN_RUNNING;
    p->runs_since = clock_monotonic();
    p->is_attempted = true;
    p->why = (struct err){0};
    log_info("plugin %s %s runs", p->name, p->version);
    host_on_change(p);
}

/* ---- starting ---- */

static int make_log_path(const struct plugin *p, char **out, struct err *e)
{
    *out = str_format("%s/logs/%s.log", host_config(p->host)->data_folder, p->name);
    return *out ? 0 : err_no_memory(e);
}

static int launch(struct plugin *p, struct err *e)
{
    cleanup_free char *log = NULL;
    cleanup_allowance struct allowance allowance = {0};
    int fd;
    int r = make_log_path(p, &log, e);
    if (!r)
        r = allowance_make(host_config(p->host), p->settings_name, p->file, &p->settings,
                           &allowance, e);
    if (r)
        return r;
    p->lack = allowance_lack(&allowance);
    struct launch_options o = {.file = p->file,
                               .name = p->name,
                               .log = log,
                               .allowance = &allowance,
                               .register_timeout = PLUGIN_REGISTER_TIMEOUT};
    r = launch_new(host_loop(p->host), &o, on_program_end, p, &fd, &p->launch, e);
    if (r)
        return r;
    return session_new(host_loop(p->host), fd, NULL, 0, &session_events, p, &p->session,
                       e);
}

void plugin_start(struct plugin *p)
{
    struct err e;
    if (p->state == PLUGIN_WAITING || p->state == PLUGIN_FAILED) {
        timer_cancel(&p->timer);
        p->state = PLUGIN_STOPPED;
    }
    if (p->state != PLUGIN_STOPPED)
        return;
    p->state = PLUGIN_STARTING;
    p->runs_since = 0;
    p->why = (struct err){0};
    p->is_lost = false;
    timer_start(&p->timer, PLUGIN_REGISTER_TIMEOUT);
    if (host_read_settings(p, &e) || launch(p, &e))
        plugin_fail(p, &e);
}

/* ---- stopping ---- */

/* One that says yes closes the connection itself, unless it is slow: to a plugin in Go it
 * is an error when we do. */
static void on_shutdown(int code, ProtobufCMessage **answer, const struct err *e,
                        void *user)
{
    struct plugin *p = user;
    (void)answer, (void)e;
    p->shutdown = NULL;
    if (code)
        end_run(p);
    else
        timer_start(&p->timer, PLUGIN_LEAVE_TIMEOUT);
}

static int call_shutdown(struct plugin *p)
{
    static const Plugins__V1__ShutdownRequest request =
        PLUGINS__V1__SHUTDOWN_REQUEST__INIT;
    return session_call(p->session, SHUTDOWN_PROCEDURE, &request.base,
                        &plugins__v1__shutdown_response__descriptor,
                        PLUGIN_SHUTDOWN_TIMEOUT, on_shutdown, p, &p->shutdown, NULL);
}

void plugin_stop(struct plugin *p)
{
    bool was_running = p->state == PLUGIN_RUNNING;
    if (p->state == PLUGIN_STOPPING)
        return;
    timer_cancel(&p->timer);
    p->state = PLUGIN_STOPPING;
    if (!was_running || call_shutdown(p))
        end_run(p);
}

/* ---- life ---- */

static struct plugin *plugin_alloc(struct host *host)
{
    struct plugin *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    p->host = host;
    list_init(&p->link);
    timer_init(&p->timer, host_loop(host), on_time, p);
    return p;
}

int plugin_new(struct host *host, const char *name, const char *file,
               struct plugin_settings *settings, struct plugin **out, struct err *e)
{
    struct plugin *p = plugin_alloc(host);
    if (!p)
        return err_no_memory(e);
    p->name = strdup(name);
    p->file = strdup(file);
    p->version = strdup("");
    if (!p->name || !p->file || !p->version) {
        plugin_close(p, NULL);
        return err_no_memory(e);
    }
    p->settings = *settings;
    *settings = (struct plugin_settings){0};
    *out = p;
    return 0;
}

int plugin_new_external(struct host *host, int fd, const void *early, size_t n,
                        struct plugin **out, struct err *e)
{
    struct plugin *p = plugin_alloc(host);
    int taken = fd;
    if (!p) {
        mem_cleanup_fd(&taken);
        return err_no_memory(e);
    }
    int r =
        session_new(host_loop(host), fd, early, n, &session_events, p, &p->session, e);
    if (r) {
        plugin_close(p, NULL);
        return r;
    }
    p->state = PLUGIN_STARTING;
    p->is_enabled = true;
    timer_start(&p->timer, PLUGIN_REGISTER_TIMEOUT);
    *out = p;
    return 0;
}

static void plugin_free(void *user)
{
    struct plugin *p = user;
    struct loop_close *parent = p->parent;
    plugin_settings_deinit(&p->settings);
    pattern_deinit(&p->pattern);
    free(p->name);
    free(p->settings_name);
    free(p->file);
    free(p->version);
    free(p);
    if (parent)
        loop_close_release(parent);
}

void plugin_close(struct plugin *p, struct loop_close *c)
{
    p->parent = c;
    if (c)
        loop_close_hold(c);
    list_remove(&p->link);
    drop_session(p);
    loop_close_init(&p->closing, plugin_free, p);
    launch_close(TAKE(p->launch), &p->closing);
    timer_close(&p->timer, &p->closing);
    loop_close_end(&p->closing);
}
