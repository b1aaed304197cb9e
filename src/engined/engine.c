/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/macro.h"
#include "base/mem.h"
#include "base/str.h"
#include "engined/engine_private.h"
#include "engined/leftovers.h"
#include "engined/listen.h"
#include "net/notify.h"

/* How long requests that are being answered may go on after the signal to stop. */
#define ENGINE_STOP_GRACE (2 * CLOCK_SECOND)

/* ---- stopping: the server, the plugins, the rest ---- */

static void on_all_closed(void *user)
{
    (void)user; /* nothing holds the loop any more */
}

static void close_rest(struct engine *engine)
{
    loop_close_init(&engine->closing, on_all_closed, engine);
    timer_close(&engine->idle, &engine->closing);
    signal_watch_close(&engine->term, &engine->closing);
    signal_watch_close(&engine->interrupt, &engine->closing);
    signal_watch_close(&engine->hangup, &engine->closing);
    access_close(TAKE(engine->access));
    if (engine->resolve)
        resolve_close(engine->resolve, &engine->closing);
    if (engine->host)
        host_close(engine->host, &engine->closing);
    work_queue_close(&engine->work, &engine->closing);
    loop_close_end(&engine->closing);
}

static void on_host_stopped(void *user)
{
    close_rest(user);
}

static void on_server_closed(void *user)
{
    struct engine *engine = user;
    if (engine->host)
        host_stop(engine->host, on_host_stopped, engine);
    else
        close_rest(engine);
}

static void stop(struct engine *engine)
{
    if (engine->is_stopping)
        return;
    engine->is_stopping = true;
    notify_send("STOPPING=1");
    if (engine->server)
        http_server_close(engine->server, ENGINE_STOP_GRACE, on_server_closed, engine);
    else
        on_server_closed(engine);
}

static void on_signal(int number, void *user)
{
    log_info("stopping on signal %d (%s)", number, strsignal(number));
    stop(user);
}

/* ---- an engine on demand ---- */

/* Its log is in a folder in memory, as a rule; one that is longer is begun anew. */
#define LOG_SIZE_MAX (256 * 1024)

static void bound_log(void)
{
    struct stat st;
    int flags = fcntl(STDERR_FILENO, F_GETFL);
    if (flags >= 0 && (flags & O_APPEND) && fstat(STDERR_FILENO, &st) == 0 &&
        S_ISREG(st.st_mode) && st.st_size > LOG_SIZE_MAX)
        (void)!ftruncate(STDERR_FILENO, 0);
}

void engine_note_request(struct engine *engine)
{
    const struct config *config = engine->config;
    if (config->is_on_demand)
        bound_log();
    if (config->is_on_demand && config->idle_timeout && !engine->is_stopping)
        timer_start(&engine->idle, config->idle_timeout);
}

/* Who is connected may ask at any moment, and a plugin that connected by itself is there
 * because somebody wants it. */
static void on_idle(void *user)
{
    struct engine *engine = user;
    if (http_server_connections(engine->server) || host_externals(engine->host)) {
        engine_note_request(engine);
        return;
    }
    log_info("stopping: nobody asked for anything");
    stop(engine);
}

/* ---- starting ---- */

static void on_host_change(void *user)
{
    struct engine *engine = user;
    resolve_forget(engine->resolve);
}

static const struct host_events host_events = {on_host_change};

/* Without logs of the plugins there is still an engine. */
static int make_folders(const struct config *config, struct err *e)
{
    cleanup_free char *logs = str_format("%s/logs", config->data_folder);
    if (!logs)
        return err_no_memory(e);
    if (listen_make_folder(logs, e))
        log_warn("plugins have no logs: %s", err_text(e));
    return 0;
}

/* Who started us waits for this, or for the end of the pipe. */
static void tell_ready(const struct config *config)
{
    static const char line[] = "ready\n";
    notify_send("READY=1");
    if (config->ready_fd < 0)
        return;
    ssize_t n = write(config->ready_fd, line, sizeof(line) - 1);
    (void)n; /* nobody waits any more */
    close(config->ready_fd);
}

/* ---- what engines before had left ---- */

static void end_orphans(struct work_turn *t)
{
    (void)t; /* it needs nothing of ours */
    leftovers_end_orphans();
}

static void on_orphans_ended(struct work_turn *t)
{
    (void)t; /* nobody waits for it but who closes the queue */
}

/* ---- its parts ---- */

static int make_parts(struct engine *engine, struct err *e)
{
    struct http_server_options options = {
        .handler = router_handle, .user = engine, .is_stranger = router_is_stranger};
    int r =
        host_new(&engine->loop, engine->config, &host_events, engine, &engine->host, e);
    if (!r)
        r = resolve_new(&engine->loop, engine->host, engine->config, &engine->resolve, e);
    if (!r)
        r = access_new(&engine->loop, engine->host, engine->config, &engine->access, e);
    return r ? r : http_server_new(&engine->loop, &options, &engine->server, e);
}

static int start(struct engine *engine, struct err *e)
{
    int r =
        signal_watch_start(&engine->term, &engine->loop, SIGTERM, on_signal, engine, e);
    if (!r)
        r = signal_watch_start(&engine->interrupt, &engine->loop, SIGINT, on_signal,
                               engine, e);
    if (!r) /* its terminal is gone */
        r = signal_watch_start(&engine->hangup, &engine->loop, SIGHUP, on_signal, engine,
                               e);
    if (!r)
        r = make_folders(engine->config, e);
    if (!r)
        r = make_parts(engine, e);
    if (!r)
        r = listen_start(engine->server, engine->config, e);
    if (!r)
        r = host_start(engine->host, e);
    if (r)
        return r;
    engine_note_request(engine);
    tell_ready(engine->config);
    work_queue_add(&engine->work, &engine->orphans, end_orphans, on_orphans_ended);
    return 0;
}

/* On demand, a second one is just late. */
static int excuse(const struct config *config, int r)
{
    if (r != ERR_ALREADY_EXISTS || !config->is_on_demand)
        return r;
    tell_ready(config);
    return 0;
}

int engine_run(const struct config *config, struct err *e)
{
    struct engine engine = {.config = config};
    signal_ignore_pipe();
    int r = uv_loop_init(&engine.loop);
    if (r)
        return err_errno(e, -r, "make the loop");
    timer_init(&engine.idle, &engine.loop, on_idle, &engine);
    work_queue_init(&engine.work, &engine.loop);
    r = start(&engine, &engine.result);
    if (r)
        stop(&engine);
    uv_run(&engine.loop, UV_RUN_DEFAULT);
    uv_loop_close(&engine.loop);
    if (r && e)
        *e = engine.result;
    return excuse(config, r);
}
