/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A write that fails must not call back at once. It shuts the socket down instead: the
 * read side then reports an end from the loop, which is told as the error.
 */
#include "net/stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/mem.h"

/* A queue that had to grow larger than this is not kept. */
#define STREAM_KEEP_SIZE (64 * 1024)

static int stream_fd(const struct stream *s)
{
    uv_os_fd_t fd = -1;
    (void)uv_fileno(&s->uv.handle, &fd);
    return fd;
}

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct stream *s = CONTAINER_OF(handle, struct stream, uv.handle);
    (void)suggested;
    *out = uv_buf_init(s->read_buffer, STREAM_READ_SIZE);
}

static void report_error(struct stream *s, int errnum)
{
    uv_read_stop(&s->uv.stream);
    s->is_failed = true;
    s->events->on_error(s, s->errnum ? s->errnum : errnum);
}

static void stream_read(uv_stream_t *uv, ssize_t n, const uv_buf_t *buffer)
{
    struct stream *s = CONTAINER_OF(uv, struct stream, uv.stream);
    char *data = buffer->base;
    if (n == 0)
        return;
    if (s->is_failed) {
        report_error(s, EPIPE);
    } else if (n > 0) {
        s->events->on_data(s, data, (size_t)n);
    } else if (n == UV_EOF) {
        s->is_eof = true;
        s->events->on_eof(s);
    } else {
        report_error(s, (int)-n);
    }
    if (n > 0)
        mem_wipe(data, (size_t)n);
}

int stream_start(struct stream *s, const struct stream_events *events, char *read_buffer,
                 struct err *e)
{
    s->events = events;
    s->read_buffer = read_buffer;
    int r = uv_read_start(&s->uv.stream, give_buffer, stream_read);
    if (r)
        return err_errno(e, -r, "read from a socket");
    return 0;
}

void stream_fail(struct stream *s, int errnum)
{
    if (s->is_failed || uv_is_closing(&s->uv.handle))
        return;
    s->is_failed = true;
    s->errnum = errnum;
    shutdown(stream_fd(s), SHUT_RDWR);
    uv_read_start(&s->uv.stream, give_buffer, stream_read);
}

static void release(struct buf *b)
{
    if (b->cap > STREAM_KEEP_SIZE)
        buf_deinit(b);
    else
        buf_reset(b);
}

static void write_queue(struct stream *s);

static void shutdown_now(struct stream *s)
{
    shutdown(stream_fd(s), SHUT_WR);
}

static void queue_written(uv_write_t *request, int status)
{
    struct stream *s = CONTAINER_OF(request, struct stream, write_request);
    s->is_writing = false;
    if (uv_is_closing(&s->uv.handle))
        buf_deinit(&s->flight);
    else
        release(&s->flight);
    if (uv_is_closing(&s->uv.handle) || s->is_failed)
        return;
    if (status < 0) {
        stream_fail(s, -status);
        return;
    }
    if (s->queue.len) {
        write_queue(s);
        return;
    }
    if (s->is_shut)
        shutdown_now(s);
    s->events->on_drain(s);
}

static void write_queue(struct stream *s)
{
    struct buf empty = s->flight;
    s->flight = s->queue;
    s->queue = empty;
    uv_buf_t piece = stream_piece(s->flight.data, s->flight.len);
    int r = uv_write(&s->write_request, &s->uv.stream, &piece, 1, queue_written);
    if (r)
        stream_fail(s, -r);
    else
        s->is_writing = true;
}

static int enqueue(struct stream *s, const uv_buf_t *pieces, unsigned n, size_t skip)
{
    for (unsigned i = 0; i < n; i++) {
        size_t done = skip < pieces[i].len ? skip : pieces[i].len;
        skip -= done;
        int r = buf_append(&s->queue, pieces[i].base + done, pieces[i].len - done);
        if (r)
            return r;
    }
    return 0;
}

uv_buf_t stream_piece(const void *data, size_t n)
{
    union {
        const void *in;
        char *out;
    } u = {.in = data};
    return (uv_buf_t){.base = u.out, .len = n};
}

int stream_write(struct stream *s, const uv_buf_t *pieces, unsigned n)
{
    size_t total = 0, sent = 0;
    if (s->is_failed || uv_is_closing(&s->uv.handle))
        return ERR_UNAVAILABLE;
    for (unsigned i = 0; i < n; i++)
        total += pieces[i].len;
    if (!s->is_writing) {
        int r = uv_try_write(&s->uv.stream, pieces, n);
        if (r < 0 && r != UV_EAGAIN) {
            stream_fail(s, -r);
            return ERR_UNAVAILABLE;
        }
        sent = r > 0 ? (size_t)r : 0;
    }
    if (sent == total)
        return 0;
    if (enqueue(s, pieces, n, sent)) {
        stream_fail(s, ENOMEM);
        return ERR_NO_MEMORY;
    }
    if (!s->is_writing)
        write_queue(s);
    return s->is_failed ? ERR_UNAVAILABLE : 0;
}

size_t stream_queued(const struct stream *s)
{
    return s->queue.len + uv_stream_get_write_queue_size(&s->uv.stream);
}

void stream_pause(struct stream *s)
{
    if (s->is_paused || s->is_failed)
        return;
    s->is_paused = true;
    uv_read_stop(&s->uv.stream);
}

void stream_resume(struct stream *s)
{
    if (!s->is_paused)
        return;
    s->is_paused = false;
    if (!s->is_eof && !s->is_failed && !uv_is_closing(&s->uv.handle))
        uv_read_start(&s->uv.stream, give_buffer, stream_read);
}

void stream_shutdown(struct stream *s)
{
    if (s->is_shut || s->is_failed || uv_is_closing(&s->uv.handle))
        return;
    s->is_shut = true;
    if (!s->is_writing)
        shutdown_now(s);
}

/* POLLHUP comes only when both directions are shut, POLLRDHUP already for one. */
bool stream_is_hung_up(const struct stream *s)
{
    struct pollfd p = {.fd = stream_fd(s)};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

static void hung_up(uv_poll_t *poll, int status, int events)
{
    struct stream *s = CONTAINER_OF(poll, struct stream, hangup);
    (void)events;
    uv_poll_stop(poll);
    if (!s->is_failed)
        report_error(s, status < 0 ? -status : EPIPE);
}

/* libuv looks at a socket no more once its end was read, and would look for an end, which
 * stays, at every turn. What a descriptor of its own asks for is urgent data, which never
 * comes: a hangup is told in any case. */
void stream_await_hangup(struct stream *s)
{
    if (s->is_awaiting_hangup || s->is_failed || uv_is_closing(&s->uv.handle))
        return;
    int fd = fcntl(stream_fd(s), F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (uv_poll_init(s->uv.handle.loop, &s->hangup, fd)) {
        close(fd);
        return;
    }
    s->is_awaiting_hangup = true;
    s->hangup_fd = fd;
    (void)!uv_poll_start(&s->hangup, UV_PRIORITIZED, hung_up);
}

/* The memory of a write under way is libuv's until its callback, which comes before the
 * handle's close callback; what waits behind it goes now. */
void stream_close(struct stream *s, struct loop_close *c)
{
    buf_deinit(&s->queue);
    if (!s->is_writing)
        buf_deinit(&s->flight);
    loop_close_handle(c, &s->uv.handle);
    if (s->is_awaiting_hangup) {
        loop_close_handle(c, (uv_handle_t *)&s->hangup);
        close(s->hangup_fd);
    }
}
