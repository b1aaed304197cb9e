/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of the client: made, started (docker_events.c finds the engine and keeps
 * looking at it), closed.
 */
#include "engine/docker_api.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void docker_api_start(struct engine *g, const struct engine_events *events)
{
    struct docker_api *api = CONTAINER_OF(g, struct docker_api, base);
    docker_events_start(&api->events, events);
}

static void all_closed(void *user)
{
    struct docker_api *api = user;
    void (*closed)(void *user) = api->closed;
    void *closed_user = api->closed_user;
    free(api->references);
    free(api);
    if (closed)
        closed(closed_user);
}

/* The queue runs in order, so the calls that were canceled have ended now. One that a
 * callback has begun meanwhile ends by itself in the next turn. */
static void close_rest(void *user)
{
    struct docker_api *api = user;
    if (!list_is_empty(&api->calls)) {
        defer_start(&api->close_soon, &api->deferred);
        return;
    }
    loop_close_hold(&api->closing);
    http_client_close(api->http, loop_close_release, &api->closing);
    defer_queue_close(&api->deferred, &api->closing);
    work_queue_close(&api->records, &api->closing);
    loop_close_end(&api->closing);
}

void docker_api_close(struct engine *g, void (*closed)(void *user), void *user)
{
    struct docker_api *api = CONTAINER_OF(g, struct docker_api, base);
    api->is_closing = true;
    api->closed = closed;
    api->closed_user = user;
    loop_close_init(&api->closing, all_closed, api);
    docker_events_close(&api->events, &api->closing);
    LIST_FOR_EACH (l, &api->calls)
        engine_cancel(&CONTAINER_OF(l, struct docker_call, link)->base);
    defer_start(&api->close_soon, &api->deferred);
}

int engine_docker_api_new(uv_loop_t *loop, const char *socket_path, struct engine **out,
                          struct err *e)
{
    cleanup_free struct docker_api *api = calloc(1, sizeof(*api));
    if (!api)
        return err_no_memory(e);
    int r = http_client_new(loop, socket_path, &api->http, e);
    if (r)
        return r;
    api->base.ops = &docker_ops;
    api->loop = loop;
    api->removal_timeout = DOCKER_TIMEOUT_SLOW;
    list_init(&api->calls);
    list_init(&api->waiting);
    defer_queue_init(&api->deferred, loop);
    work_queue_init(&api->records, loop);
    defer_init(&api->close_soon, close_rest, api);
    docker_events_init(&api->events, loop, api->http, &api->version, &api->limits);
    *out = &TAKE(api)->base;
    return 0;
}

int engine_docker_api_set_references(struct engine *g, const char *folder, struct err *e)
{
    struct docker_api *api = CONTAINER_OF(g, struct docker_api, base);
    char *copy = mem_dup(folder, strlen(folder));
    if (!copy)
        return err_no_memory(e);
    free(api->references);
    api->references = copy;
    return 0;
}
