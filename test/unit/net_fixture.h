/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the network tests share: a loop, a folder for sockets, and a *wire*, a client that
 * writes what the test says and keeps what comes. Nothing waits for time: the loop turns
 * until what the test waits for has happened.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/loop.h"
#include "net/http_connection.h"

/* Has the client of an exchange gone away? */
static inline bool net_is_client_gone(const struct http_exchange *x)
{
    return x->connection->phase == HTTP_PHASE_CLOSED;
}

struct net {
    uv_loop_t loop;
    char folder[64];
    char path[96];     /* the server's socket */
    char upstream[96]; /* another one */
    bool is_closed;
};

#define TURN_UNTIL(net, condition)                                                       \
    while (!(condition))                                                                 \
    assert_true(uv_run(&(net)->loop, UV_RUN_ONCE) || (condition))

static inline void net_init(struct net *n)
{
    *n = (struct net){0};
    assert_int_equal(uv_loop_init(&n->loop), 0);
    strcpy_cut(n->folder, sizeof(n->folder), "/tmp/net-test-XXXXXX");
    assert_non_null(mkdtemp(n->folder));
    snprintf(n->path, sizeof(n->path), "%s/server", n->folder);
    snprintf(n->upstream, sizeof(n->upstream), "%s/upstream", n->folder);
}

static inline void net_closed(void *user)
{
    ((struct net *)user)->is_closed = true;
}

/* Every handle must have been closed by now. */
static inline void net_deinit(struct net *n)
{
    uv_run(&n->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&n->loop), 0);
    unlink(n->path);
    unlink(n->upstream);
    assert_int_equal(rmdir(n->folder), 0);
}

struct wire {
    uv_pipe_t uv;
    uv_connect_t connect;
    uv_write_t write;
    struct buf sending;
    struct buf got;
    bool is_connected;
    bool is_sent;
    bool is_eof; /* or an error: nothing more comes */
    bool is_closed;
    char block[65536];
};

static inline void wire_alloc(uv_handle_t *h, size_t n, uv_buf_t *out)
{
    struct wire *w = CONTAINER_OF(h, struct wire, uv);
    (void)n;
    *out = uv_buf_init(w->block, sizeof(w->block));
}

static inline void wire_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
    struct wire *w = CONTAINER_OF(s, struct wire, uv);
    if (n > 0)
        assert_int_equal(buf_append(&w->got, b->base, (size_t)n), 0);
    else if (n < 0)
        w->is_eof = true;
}

static inline void wire_connected(uv_connect_t *r, int status)
{
    struct wire *w = CONTAINER_OF(r, struct wire, connect);
    assert_int_equal(status, 0);
    w->is_connected = true;
    uv_read_start((uv_stream_t *)&w->uv, wire_alloc, wire_read);
}

static inline void wire_open(struct wire *w, struct net *n, const char *path)
{
    memset(w, 0, sizeof(*w));
    uv_pipe_init(&n->loop, &w->uv, 0);
    uv_pipe_connect(&w->connect, &w->uv, path, wire_connected);
    TURN_UNTIL(n, w->is_connected);
}

static inline void wire_sent(uv_write_t *r, int status)
{
    (void)status;
    struct wire *w = CONTAINER_OF(r, struct wire, write);
    w->is_sent = true;
}

/* Sends all of it; the loop writes what doesn't fit at once. One at a time. */
static inline void wire_send_bytes(struct wire *w, const void *data, size_t n)
{
    buf_reset(&w->sending);
    assert_int_equal(buf_append(&w->sending, data, n), 0);
    uv_buf_t b = uv_buf_init(w->sending.data, (unsigned)n);
    w->is_sent = false;
    assert_int_equal(uv_write(&w->write, (uv_stream_t *)&w->uv, &b, 1, wire_sent), 0);
}

static inline void wire_send(struct wire *w, struct net *n, const char *text)
{
    wire_send_bytes(w, text, strlen(text));
    TURN_UNTIL(n, w->is_sent);
}

/* Ends our direction only. */
static inline void wire_shut(struct wire *w)
{
    uv_os_fd_t fd;
    assert_int_equal(uv_fileno((uv_handle_t *)&w->uv, &fd), 0);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
}

static inline void wire_stop_reading(struct wire *w)
{
    uv_read_stop((uv_stream_t *)&w->uv);
}

static inline void wire_read_on(struct wire *w)
{
    uv_read_start((uv_stream_t *)&w->uv, wire_alloc, wire_read);
}

static inline bool wire_has(const struct wire *w, const char *text)
{
    return w->got.len && memmem(w->got.data, w->got.len, text, strlen(text));
}

static inline size_t wire_count(const struct wire *w, const char *text)
{
    size_t n = 0;
    const char *at = buf_str(&w->got), *end = at + w->got.len;
    while ((at = memmem(at, (size_t)(end - at), text, strlen(text)))) {
        n++;
        at += strlen(text);
    }
    return n;
}

static inline void wire_handle_closed(uv_handle_t *h)
{
    struct wire *w = CONTAINER_OF(h, struct wire, uv);
    w->is_closed = true;
}

static inline void wire_close(struct wire *w, struct net *n)
{
    uv_close((uv_handle_t *)&w->uv, wire_handle_closed);
    TURN_UNTIL(n, w->is_closed);
    buf_deinit(&w->got);
    buf_deinit(&w->sending);
}
