/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening and closing. Closing is done when the listeners' handles are closed and the
 * last connection's memory is gone; then the server's own handles follow.
 */
#include "net/http_connection.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/mem.h"
#include "net/http_listen.h"

/* How many the kernel may hold for us until we accept. */
#define SERVER_BACKLOG 1024

static void set_defaults(struct http_server_options *o)
{
    if (!o->connections_max)
        o->connections_max = HTTP_SERVER_CONNECTIONS_MAX;
    if (!o->head_timeout)
        o->head_timeout = HTTP_SERVER_HEAD_TIMEOUT;
    if (!o->idle_timeout)
        o->idle_timeout = HTTP_SERVER_IDLE_TIMEOUT;
}

/* Who hears that a connection is cut may end the exchange of another, which then goes. */
static void cut_all(void *user)
{
    struct http_server *s = user;
    struct list uncut;
    list_init(&uncut);
    list_splice(&uncut, &s->connections);
    while (!list_is_empty(&uncut)) {
        struct http_connection *c = LIST_FIRST(&uncut, struct http_connection, link);
        list_remove(&c->link);
        list_append(&s->connections, &c->link);
        http_connection_cut(c);
    }
}

int http_server_new(uv_loop_t *loop, const struct http_server_options *options,
                    struct http_server **out, struct err *e)
{
    struct http_server *s = calloc(1, sizeof(*s));
    char *read_buffer = malloc(STREAM_READ_SIZE);
    if (!s || !read_buffer) {
        free(s);
        free(read_buffer);
        return err_no_memory(e);
    }
    signal_ignore_pipe();
    s->loop = loop;
    s->options = *options;
    s->read_buffer = read_buffer;
    s->date_second = -1;
    set_defaults(&s->options);
    list_init(&s->connections);
    defer_queue_init(&s->defers, loop);
    timer_init(&s->grace_timer, loop, cut_all, s);
    *out = s;
    return 0;
}

size_t http_server_connections(const struct http_server *s)
{
    return s->n_connections;
}

const char *http_server_date(struct http_server *s)
{
    int64_t second = clock_now() / CLOCK_SECOND;
    if (second != s->date_second) {
        time_t t = (time_t)second;
        struct tm tm;
        gmtime_r(&t, &tm);
        strftime(s->date, sizeof(s->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        s->date_second = second;
    }
    return s->date;
}

/* ---- listening ---- */

/*
 * A connection too many is told so and closed. That needs no memory, since it is also
 * what happens without any; one at a time does.
 */
static void on_connection(uv_stream_t *stream, int status);

static void refused_closed(uv_handle_t *handle)
{
    struct http_listener *l = CONTAINER_OF(handle, struct http_listener, refused.handle);
    l->is_refusing = false;
    if (l->server->is_closing) {
        loop_close_release(&l->server->closing);
    } else if (l->is_pending) {
        l->is_pending = false;
        on_connection(&l->uv.stream, 0);
    }
}

static void init_socket(struct http_server *s, union http_socket *socket, bool is_tcp)
{
    if (is_tcp)
        uv_tcp_init(s->loop, &socket->tcp);
    else
        uv_pipe_init(s->loop, &socket->pipe, 0);
}

/* libuv accepts no further connection before this one is taken. */
static void refuse_connection(struct http_server *s, struct http_listener *l)
{
    static char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
                           "Content-Type: application/json\r\n"
                           "Content-Length: 49\r\nConnection: close\r\n\r\n"
                           "{\"message\":\"too many connections to the daemon\"}\n";
    l->is_pending = l->is_refusing;
    if (l->is_pending)
        return;
    l->is_refusing = true;
    init_socket(s, &l->refused, l->is_tcp);
    if (uv_accept(&l->uv.stream, &l->refused.stream) == 0) {
        uv_buf_t piece = uv_buf_init(answer, sizeof(answer) - 1);
        (void)uv_try_write(&l->refused.stream, &piece, 1);
    }
    uv_close(&l->refused.handle, refused_closed);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct http_listener *l = CONTAINER_OF(stream, struct http_listener, uv.stream);
    struct http_server *s = l->server;
    if (status < 0 || s->is_closing)
        return;
    if (s->n_connections >= s->options.connections_max ||
        http_connection_accept(s, stream, l->is_tcp))
        refuse_connection(s, l);
}

static int listener_open(struct http_server *s, struct http_listener *l, int fd)
{
    l->server = s;
    l->is_tcp = uv_guess_handle(fd) == UV_TCP;
    init_socket(s, &l->uv, l->is_tcp);
    return l->is_tcp ? uv_tcp_open(&l->uv.tcp, fd) : uv_pipe_open(&l->uv.pipe, fd);
}

int http_server_adopt(struct http_server *s, int inherited, struct err *e)
{
    cleanup_fd int fd = inherited;
    int listens = 0;
    socklen_t n = sizeof(listens);
    if (s->n_listeners == HTTP_SERVER_LISTENERS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d sockets to listen on",
                       HTTP_SERVER_LISTENERS_MAX);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) < 0 || !listens)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "the inherited descriptor %d is no listening socket", fd);
    struct http_listener *l = &s->listeners[s->n_listeners++];
    int r = listener_open(s, l, fd);
    if (r)
        return err_errno(e, -r, "listen on the descriptor %d", fd);
    TAKE_FD(fd);
    r = uv_listen(&l->uv.stream, SERVER_BACKLOG, on_connection);
    if (r)
        return err_errno(e, -r, "listen on an inherited socket");
    return 0;
}

int http_server_listen(struct http_server *s, const char *path, mode_t mode, gid_t group,
                       struct err *e)
{
    int fd;
    struct stat st;
    cleanup_free char *copy = mem_dup(path, strlen(path));
    if (!copy)
        return err_no_memory(e);
    int r = http_listen_open(path, mode, group, &fd, e);
    if (r)
        return r;
    r = http_server_adopt(s, fd, e);
    if (r) {
        unlink(path);
        return err_wrap(e, r, "%s", path);
    }
    struct http_listener *l = &s->listeners[s->n_listeners - 1];
    if (lstat(path, &st) == 0) {
        l->path = TAKE(copy);
        l->device = st.st_dev;
        l->inode = st.st_ino;
    }
    return 0;
}

/* Another daemon may have put its own socket there meanwhile. */
static void remove_path(struct http_listener *l)
{
    struct stat st;
    if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->device &&
        st.st_ino == l->inode)
        unlink(l->path);
    free(TAKE(l->path));
}

/* ---- closing ---- */

static void server_free(void *user)
{
    struct http_server *s = user;
    void (*cb)(void *) = s->close_cb;
    void *cb_user = s->close_user;
    mem_wipe_free(s->read_buffer);
    free(s);
    if (cb)
        cb(cb_user);
}

void http_server_check_closed(struct http_server *s)
{
    if (!s->is_closing || s->n_connections || s->n_strangers)
        return;
    timer_close(&s->grace_timer, &s->closing);
    defer_queue_close(&s->defers, &s->closing);
    loop_close_end(&s->closing);
}

void http_server_close(struct http_server *s, int64_t grace, void (*cb)(void *user),
                       void *user)
{
    assert(!s->is_closing);
    s->close_cb = cb;
    s->close_user = user;
    loop_close_init(&s->closing, server_free, s);
    for (size_t i = 0; i < s->n_listeners; i++) {
        remove_path(&s->listeners[i]);
        if (s->listeners[i].is_refusing)
            loop_close_hold(&s->closing);
        loop_close_handle(&s->closing, &s->listeners[i].uv.handle);
    }
    LIST_FOR_EACH (l, &s->connections)
        http_connection_retire(CONTAINER_OF(l, struct http_connection, link));
    s->is_closing = true;
    timer_start(&s->grace_timer, grace);
    http_server_check_closed(s);
}
