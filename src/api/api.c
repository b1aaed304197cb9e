/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"

#include "api/events.h"
#include "api/json.h"
#include "api/private.h"
#include "api/stream.h"
#include "base/mem.h"

static const struct http_header headers[] = {
    {"Api-Version", API_VERSION},
    {"Docker-Experimental", "false"},
    {"Ostype", "linux"},
    {"Server", "Coffer/" COFFER_VERSION " (linux)"},
};

const struct http_header *api_headers(size_t *n)
{
    *n = ARRAY_SIZE(headers);
    return headers;
}

static void on_change(const struct store_change *change, void *user)
{
    api_events_tell(user, change);
}

static void free_api(struct api *a)
{
    free(a->engine_socket);
    free(a->references);
    free(a->files);
    free(a);
}

int api_new(const struct api_config *config, struct api **out, struct err *e)
{
    json_setup();
    struct api *a = calloc(1, sizeof(*a));
    if (!a)
        return err_no_memory(e);
    *a = (struct api){.loop = config->loop,
                      .backend = config->backend,
                      .complete_create = config->complete_create,
                      .user = config->user,
                      .has_runtime = config->has_runtime,
                      .falls_back = config->falls_back,
                      .watch = {.on_change = on_change, .user = a}};
    list_init(&a->streams);
    work_queue_init(&a->records, config->loop);
    list_init(&a->watch.link);
    a->engine_socket = mem_dup(config->engine_socket, strlen(config->engine_socket));
    if (config->references)
        a->references = mem_dup(config->references, strlen(config->references));
    if (config->files)
        a->files = mem_dup(config->files, strlen(config->files));
    bool is_copied = a->engine_socket && !a->references == !config->references &&
                     !a->files == !config->files;
    int r = is_copied ? 0 : err_no_memory(e);
    if (!r)
        r = http_client_new(config->loop, config->engine_socket, &a->client, e);
    if (r) {
        free_api(a);
        return r;
    }
    a->backend->ops->watch(a->backend, &a->watch);
    *out = a;
    return 0;
}

void api_stop(struct api *a)
{
    a->is_stopping = true;
    LIST_FOR_EACH (link, &a->streams)
        api_stream_end(CONTAINER_OF(link, struct api_stream, link));
}

static void on_all_closed(void *user)
{
    struct api *a = user;
    void (*closed)(void *) = a->closed;
    void *closed_user = a->closed_user;
    api_event_history_deinit(&a->history);
    free_api(a);
    if (closed)
        closed(closed_user);
}

void api_close(struct api *a, void (*cb)(void *user), void *user)
{
    a->backend->ops->unwatch(a->backend, &a->watch);
    a->closed = cb;
    a->closed_user = user;
    loop_close_init(&a->closing, on_all_closed, a);
    loop_close_hold(&a->closing);
    http_client_close(a->client, loop_close_release, &a->closing);
    work_queue_close(&a->records, &a->closing);
    loop_close_end(&a->closing);
}
