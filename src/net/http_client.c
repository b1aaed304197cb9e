/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of a client: made when a call needs one, kept for a while after it. A
 * kept one goes on reading, so that its end is noticed; just before it is used again it
 * is looked at once more, because the end may have come since.
 */
#include "net/http_call.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/macro.h"
#include "base/mem.h"

static void connection_free(void *user)
{
    struct http_client_connection *c = user;
    struct http_client *client = c->client;
    list_remove(&c->link);
    client->n_connections--;
    http_reader_deinit(&c->reader);
    buf_deinit(&c->input);
    free(c);
    http_client_check_closed(client);
}

void http_client_connection_close(struct http_client_connection *c)
{
    if (c->is_closing)
        return;
    c->is_closing = true;
    c->call = NULL;
    if (c->is_idle)
        c->client->n_idle--;
    c->is_idle = false;
    list_remove(&c->link);
    list_append(&c->client->connections, &c->link);
    loop_close_init(&c->closing, connection_free, c);
    stream_close(&c->stream, &c->closing);
    timer_close(&c->idle_timer, &c->closing);
    loop_close_end(&c->closing);
}

static void idle_too_long(void *user)
{
    http_client_connection_close(user);
}

void http_client_connection_keep(struct http_client_connection *c)
{
    struct http_client *client = c->client;
    c->call = NULL;
    if (client->is_closing || client->n_idle >= HTTP_CLIENT_IDLE_MAX) {
        http_client_connection_close(c);
        return;
    }
    list_remove(&c->link);
    list_append(&client->idle, &c->link);
    client->n_idle++;
    c->is_idle = true;
    timer_start(&c->idle_timer, HTTP_CLIENT_IDLE_TIMEOUT);
}

/* ---- what the socket tells ---- */

static struct http_client_connection *connection_of(struct stream *s)
{
    return CONTAINER_OF(s, struct http_client_connection, stream);
}

/* Bytes nobody asked for mean that the two sides disagree: such a connection goes. */
static void on_data(struct stream *s, const char *data, size_t n)
{
    struct http_client_connection *c = connection_of(s);
    if (c->call)
        http_call_read(c->call, data, n);
    else
        http_client_connection_close(c);
}

static void on_eof(struct stream *s)
{
    struct http_client_connection *c = connection_of(s);
    if (c->call)
        http_call_eof(c->call);
    else
        http_client_connection_close(c);
}

static void on_error(struct stream *s, int errnum)
{
    struct http_client_connection *c = connection_of(s);
    if (c->call)
        http_call_lost(c->call, errnum);
    else
        http_client_connection_close(c);
}

static void on_drain(struct stream *s)
{
    (void)s;
}

static const struct stream_events events = {
    .on_data = on_data,
    .on_eof = on_eof,
    .on_error = on_error,
    .on_drain = on_drain,
};

/* ---- connecting ---- */

static void on_connect(uv_connect_t *request, int status)
{
    struct http_client_connection *c =
        CONTAINER_OF(request, struct http_client_connection, connect_request);
    if (c->is_closing)
        return;
    if (status == 0 && stream_start(&c->stream, &events, c->client->read_buffer, NULL))
        status = UV_EIO;
    if (status < 0) {
        http_call_lost(c->call, -status);
        return;
    }
    c->is_connected = true;
    http_call_connected(c->call);
}

static int connection_new(struct http_client *client, struct http_client_connection **out,
                          struct err *e)
{
    if (client->n_connections >= HTTP_CLIENT_CONNECTIONS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "%s: more than %d requests at a time",
                       client->path, HTTP_CLIENT_CONNECTIONS_MAX);
    struct http_client_connection *c = calloc(1, sizeof(*c));
    if (!c)
        return err_no_memory(e);
    c->client = client;
    http_reader_init(&c->reader, HTTP_RESPONSE);
    timer_init(&c->idle_timer, client->loop, idle_too_long, c);
    uv_pipe_init(client->loop, &c->stream.uv.pipe, 0);
    list_append(&client->connections, &c->link);
    client->n_connections++;
    *out = c;
    return 0;
}

/* Nothing to read and no end: still good. */
static bool is_alive(struct http_client_connection *c)
{
    struct pollfd p = {.events = POLLIN | POLLRDHUP};
    uv_os_fd_t fd;
    if (uv_fileno(&c->stream.uv.handle, &fd))
        return false;
    p.fd = fd;
    return poll(&p, 1, 0) == 0;
}

static struct http_client_connection *take_idle(struct http_client *client)
{
    while (!list_is_empty(&client->idle)) {
        struct http_client_connection *c =
            CONTAINER_OF(client->idle.prev, struct http_client_connection, link);
        if (!is_alive(c)) {
            http_client_connection_close(c);
            continue;
        }
        list_remove(&c->link);
        list_append(&client->connections, &c->link);
        client->n_idle--;
        c->is_idle = false;
        timer_cancel(&c->idle_timer);
        return c;
    }
    return NULL;
}

int http_client_connect(struct http_client *client, struct http_call *call, bool fresh,
                        struct err *e)
{
    struct http_client_connection *c = fresh ? NULL : take_idle(client);
    call->is_reused = c != NULL;
    if (!c) {
        int r = connection_new(client, &c, e);
        if (r)
            return r;
        uv_pipe_connect(&c->connect_request, &c->stream.uv.pipe, client->path,
                        on_connect);
    }
    c->call = call;
    call->connection = c;
    if (c->is_connected)
        http_call_connected(call);
    return 0;
}

/* ---- the client ---- */

static struct http_call *first_call(struct http_client *client)
{
    LIST_FOR_EACH (l, &client->calls) {
        struct http_call *call = CONTAINER_OF(l, struct http_call, link);
        if (!call->is_over)
            return call;
    }
    return NULL;
}

/* A callback may cancel other calls: no walk survives that. */
static void cancel_all(void *user)
{
    struct http_client *client = user;
    for (struct http_call *call; (call = first_call(client));)
        http_call_fail(call, ERR_CANCELED, "the client was closed");
    http_client_check_closed(client);
}

int http_client_new(uv_loop_t *loop, const char *path, struct http_client **out,
                    struct err *e)
{
    if (!*path || strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
        return err_set(e, ERR_INVALID_ARGUMENT, "'%s' can't be a socket's path", path);
    struct http_client *client = calloc(1, sizeof(*client));
    if (!client)
        return err_no_memory(e);
    client->path = mem_dup(path, strlen(path));
    client->read_buffer = malloc(STREAM_READ_SIZE);
    if (!client->path || !client->read_buffer) {
        free(client->path);
        free(client->read_buffer);
        free(client);
        return err_no_memory(e);
    }
    signal_ignore_pipe();
    client->loop = loop;
    list_init(&client->idle);
    list_init(&client->connections);
    list_init(&client->calls);
    defer_queue_init(&client->defers, loop);
    defer_init(&client->cancel_all, cancel_all, client);
    *out = client;
    return 0;
}

const char *http_client_path(const struct http_client *client)
{
    return client->path;
}

static void client_free(void *user)
{
    struct http_client *client = user;
    void (*cb)(void *) = client->close_cb;
    void *cb_user = client->close_user;
    free(client->path);
    mem_wipe_free(client->read_buffer);
    free(client);
    if (cb)
        cb(cb_user);
}

/* The deferred cancel comes first, even when there is nothing to cancel. */
void http_client_check_closed(struct http_client *client)
{
    if (!client->is_closing || client->n_connections ||
        !list_is_empty(&client->cancel_all.link) || !list_is_empty(&client->calls) ||
        uv_is_closing((uv_handle_t *)&client->defers.uv))
        return;
    loop_close_init(&client->closing, client_free, client);
    defer_queue_close(&client->defers, &client->closing);
    loop_close_end(&client->closing);
}

void http_client_close(struct http_client *client, void (*cb)(void *user), void *user)
{
    assert(!client->is_closing);
    client->is_closing = true;
    client->close_cb = cb;
    client->close_user = user;
    while (!list_is_empty(&client->idle))
        http_client_connection_close(
            LIST_FIRST(&client->idle, struct http_client_connection, link));
    defer_start(&client->cancel_all, &client->defers);
}
