/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection leaves the server. Its descriptor is duplicated, so that the server's side
 * is closed as ever; what was read and not used goes along.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/macro.h"
#include "base/mem.h"
#include "net/http_connection.h"

void http_exchange_take(struct http_exchange *x, const void *answer, size_t n,
                        http_take_cb cb, void *user)
{
    struct http_connection *c = x->connection;
    x->take_cb = cb;
    x->take_user = user;
    x->take_answer = answer;
    x->take_n = n;
    defer_start(&c->wake, &c->server->defers);
}

/* The answer is short and nothing waits before it, so it fits the socket. */
static int send_answer(struct http_connection *c, int fd, struct err *e)
{
    if (stream_queued(&c->stream))
        return err_set(e, ERR_UNAVAILABLE, "the client reads nothing");
    ssize_t n = send(fd, c->x.take_answer, c->x.take_n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return err_errno(e, errno, "answer");
    return (size_t)n == c->x.take_n
               ? 0
               : err_set(e, ERR_UNAVAILABLE, "the client reads nothing");
}

static int take(struct http_connection *c, int *out, struct err *e)
{
    uv_os_fd_t own;
    if (c->phase == HTTP_PHASE_CLOSED)
        return err_set(e, ERR_UNAVAILABLE, "the client went away");
    if (!c->is_read)
        return err_set(e, ERR_INVALID_ARGUMENT, "the request has a body");
    int r = uv_fileno(&c->stream.uv.handle, &own);
    if (r)
        return err_errno(e, -r, "take the connection");
    cleanup_fd int fd = fcntl(own, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(e, errno, "take the connection");
    r = send_answer(c, fd, e);
    if (!r)
        *out = TAKE_FD(fd);
    return r;
}

void http_connection_take(struct http_connection *c)
{
    struct err e = {0};
    int fd = -1;
    http_take_cb cb = TAKE(c->x.take_cb);
    void *user = c->x.take_user;
    int r = take(c, &fd, &e);
    struct buf early = c->input;
    c->input = (struct buf)BUF_INIT;
    http_connection_close(c);
    http_connection_release(c);
    cb(r, fd, &early, r ? &e : NULL, user);
    buf_deinit(&early);
}
