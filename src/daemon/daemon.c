/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "api/api.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/access.h"
#include "daemon/backend.h"
#include "daemon/node.h"
#include "daemon/podman.h"
#include "daemon/runtime.h"
#include "engine/docker_limits.h"
#include "engine/engine.h"
#include "grant/grant.h"
#include "loop/loop.h"
#include "net/http_server.h"
#include "net/notify.h"

/* How long requests that are being answered may go on after the signal to stop. */
#define DAEMON_STOP_GRACE (3 * CLOCK_SECOND)

/*
 * Made in this order; closed in the reverse one, each when the one before says it is
 * closed. The socket is opened last, when the node is what it will be, and closed first.
 */
struct daemon {
    uv_loop_t loop;
    const struct config *config;
    struct runtime runtime;
    struct podman *podman;
    const char *engine_socket;
    struct node *node;
    struct backend *backend;
    struct api *api;
    struct engine *removals; /* the engine, as who hears of containers that are gone */
    struct http_server *server;
    struct grant *grant;
    struct signal_watch term, interrupt;
    struct loop_close closing;
    bool is_prepared, is_engine_ready, is_stopping;
    struct err result;
};

/* ---- stopping ---- */

static void on_all_closed(void *user)
{
    (void)user; /* nothing holds the loop any more */
}

static void on_podman_closed(void *user)
{
    struct daemon *d = user;
    loop_close_init(&d->closing, on_all_closed, d);
    signal_watch_close(&d->term, &d->closing);
    signal_watch_close(&d->interrupt, &d->closing);
    loop_close_end(&d->closing);
}

static void on_backend_closed(void *user)
{
    struct daemon *d = user;
    if (d->podman)
        podman_close(d->podman, on_podman_closed, d);
    else
        on_podman_closed(d);
}

static void on_node_closed(void *user)
{
    struct daemon *d = user;
    if (d->backend)
        node_backend_close(d->backend, on_backend_closed, d);
    else
        on_backend_closed(d);
}

static void on_api_closed(void *user)
{
    struct daemon *d = user;
    if (d->node)
        node_close(d->node, on_node_closed, d);
    else
        on_node_closed(d);
}

static void on_removals_closed(void *user)
{
    struct daemon *d = user;
    if (d->api)
        api_close(d->api, on_api_closed, d);
    else
        on_api_closed(d);
}

static void on_grant_closed(void *user)
{
    struct daemon *d = user;
    if (d->removals)
        d->removals->ops->close(d->removals, on_removals_closed, d);
    else
        on_removals_closed(d);
}

static void on_server_closed(void *user)
{
    struct daemon *d = user;
    if (d->grant)
        grant_close(d->grant, on_grant_closed, d);
    else
        on_grant_closed(d);
}

/* Streams that would never end by themselves (events, logs) are ended by the API first,
 * so that the server needn't wait for them; what the node is in the midst of is canceled
 * for the same reason: its request is answered only when it is over. */
static void stop(struct daemon *d)
{
    if (d->is_stopping)
        return;
    d->is_stopping = true;
    notify_send("STOPPING=1");
    if (d->api)
        api_stop(d->api);
    if (d->node)
        node_cancel(d->node);
    if (d->server)
        http_server_close(d->server, DAEMON_STOP_GRACE, on_server_closed, d);
    else
        on_server_closed(d);
}

static void on_signal(int signal, void *user)
{
    log_info("stopping on %s; tasks go on", signal == SIGTERM ? "SIGTERM" : "SIGINT");
    stop(user);
}

/* ---- starting ---- */

static int make_folder(const char *path, mode_t mode, struct err *e)
{
    if (mkdir(path, mode) && errno != EEXIST)
        return err_errno(e, errno, "make folder %s", path);
    if (chmod(path, mode))
        return err_errno(e, errno, "set the mode of folder %s", path);
    return 0;
}

static int listen_on(struct daemon *d, struct err *e)
{
    unsigned inherited = notify_take_fds();
    for (unsigned i = 0; i < inherited; i++) {
        int r = http_server_adopt(d->server, NOTIFY_FIRST_FD + (int)i, e);
        if (r)
            return r;
    }
    if (inherited)
        return 0;
    struct access access = access_of_group(d->config->group);
    return http_server_listen(d->server, d->config->socket, access.mode, access.group, e);
}

/* Tasks and the API go on without it. */
static void start_grants(struct daemon *d)
{
    struct err e = {0};
    struct grant_source source = node_backend_grants(d->backend);
    cleanup_free char *path = str_format("%s/grants.sock", d->config->run_dir);
    int r = path ? grant_new(&d->loop, &source, path, &d->grant, &e) : err_no_memory(&e);
    if (r)
        log_warn("users of this node get no secrets of the swarm: %s", err_text(&e));
}

/* ---- containers that are gone ---- */

static void on_engine_up(void *user)
{
    struct daemon *d = user;
    api_sweep(d->api);
}

static void on_engine_down(const struct err *e, void *user)
{
    (void)e; /* who needs it says so */
    (void)user;
}

static void on_container(const char *id, const char *action, void *user)
{
    struct daemon *d = user;
    if (str_equal(action, "destroy"))
        api_forget(d->api, id);
}

static void watch_removals(struct daemon *d)
{
    const struct engine_events events = {on_engine_up, on_engine_down, on_container, d};
    d->removals->ops->start(d->removals, &events);
}

/* ---- ready ---- */

static void on_node_started(int r, const struct err *e, void *user)
{
    struct daemon *d = user;
    if (d->is_stopping)
        return;
    if (r) {
        d->result = *e;
    } else {
        start_grants(d);
        r = listen_on(d, &d->result);
    }
    if (r) {
        stop(d);
        return;
    }
    log_info("ready on %s", d->config->socket);
    notify_send("READY=1");
    watch_removals(d);
}

/* The node starts when everything else is made and its own engine has begun. */
static void start_node_if_ready(struct daemon *d)
{
    if (d->is_prepared && d->is_engine_ready && !d->is_stopping)
        node_start(d->node, on_node_started, d);
}

static void on_engine_ready(void *user)
{
    struct daemon *d = user;
    d->is_engine_ready = true;
    start_node_if_ready(d);
}

static int start_engine(struct daemon *d, struct err *e)
{
    if (d->config->engine) {
        d->engine_socket = d->config->engine + strlen("unix://");
        d->is_engine_ready = true;
        return 0;
    }
    int r = podman_start(&d->loop, d->config->run_dir, &d->runtime, on_engine_ready, d,
                         &d->podman, e);
    if (!r)
        d->engine_socket = podman_socket(d->podman);
    return r;
}

/* The engine may be another process by now than at the last request, so it is asked anew.
 */
static int complete_create(void *user, json_t *body, struct err *e)
{
    struct daemon *d = user;
    struct engine_limits limits;
    int r = engine_limits_read(d->engine_socket, &limits, e);
    return r ? r : engine_complete_create(&limits, body, e);
}

static int start_api(struct daemon *d, struct err *e)
{
    struct api_config config = {
        .loop = &d->loop,
        .backend = d->backend,
        .engine_socket = d->engine_socket,
        .complete_create = complete_create,
        .user = d,
        .references = d->runtime.references,
        .files = d->runtime.files,
        .has_runtime = d->podman && d->runtime.program,
        .falls_back = d->config->secret_fallback_is_on,
    };
    int r = api_new(&config, &d->api, e);
    if (r)
        return r;
    struct http_server_options options = {.handler = api_handler, .user = d->api};
    options.headers = api_headers(&options.n_headers);
    return http_server_new(&d->loop, &options, &d->server, e);
}

static int start(struct daemon *d, struct err *e)
{
    int r = make_folder(d->config->state_dir, 0700, e);
    if (!r)
        r = make_folder(d->config->run_dir, 0755, e);
    if (!r)
        r = signal_watch_start(&d->term, &d->loop, SIGTERM, on_signal, d, e);
    if (!r)
        r = signal_watch_start(&d->interrupt, &d->loop, SIGINT, on_signal, d, e);
    if (!r)
        r = runtime_find(&d->runtime, d->config, e);
    if (!r)
        r = start_engine(d, e);
    if (!r)
        r = node_new(&d->loop, d->config, d->engine_socket, &d->node, e);
    if (!r)
        r = node_backend_new(&d->loop, d->node, &d->backend, e);
    if (!r)
        r = start_api(d, e);
    if (!r)
        r = engine_docker_api_new(&d->loop, d->engine_socket, &d->removals, e);
    if (r)
        return r;
    d->is_prepared = true;
    start_node_if_ready(d);
    return 0;
}

int daemon_run(const struct config *config, struct err *e)
{
    struct daemon d = {.config = config};
    signal(SIGPIPE, SIG_IGN);
    int r = uv_loop_init(&d.loop);
    if (r)
        return err_set(e, ERR_IO, "start the event loop: %s", uv_strerror(r));
    if (start(&d, &d.result))
        stop(&d);
    uv_run(&d.loop, UV_RUN_DEFAULT);
    uv_loop_close(&d.loop);
    runtime_deinit(&d.runtime);
    if (d.result.code)
        *e = d.result;
    return d.result.code;
}
