/* SPDX-License-Identifier: Apache-2.0 */
/*
 * new: connected ──▶ sending and receiving ──▶ done
 *                                          └─▶ failed
 *
 * Sending and receiving go on at the same time, since a server may refuse a request
 * before it has read all of it. A server that doesn't read on may still have answered:
 * what it sent is read before the connection counts as lost.
 */
#include "sdk/call.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sdk/client.h"
#include "wire/connect.h"
#include "wire/unary.h"

#define PIECE_SIZE ((size_t)16 * 1024)

struct sdk_call {
    const struct sdk_procedure *procedure;
    int fd;
    int64_t deadline;
    struct buf out; /* what is to be sent */
    size_t sent;    /* so much of it was */
    struct unary in;
    size_t received;
    bool is_done;
    struct err failure; /* with a code: it is over */
    ProtobufCMessage *answer;
};

/* ---- beginning ---- */

static int write_request(struct sdk_call *call, int64_t timeout,
                         const ProtobufCMessage *request, struct err *e)
{
    struct connect_call head = {.procedure = call->procedure->path,
                                .host = "unix",
                                .user_agent = "coffer/" COFFER_VERSION,
                                .codec = CONNECT_PROTO,
                                .timeout = timeout,
                                .is_last = true};
    cleanup_buf struct buf body = BUF_INIT;
    if (message_pack(request, &body))
        return err_no_memory(e);
    int r = connect_write_call(&head, body.data, body.len, &call->out, e);
    return r == ERR_RESOURCE_EXHAUSTED ? err_wrap(e, ERR_INVALID_ARGUMENT, "request") : r;
}

static int start(struct sdk_call *call, const struct coffer_client *client, bool may_wait,
                 struct err *e)
{
    struct sdk_sockets sockets;
    int wait = may_wait ? (int)(client->timeout / CLOCK_MILLISECOND) : -1;
    int r = sdk_sockets_find(client->socket, client->owner.uid, &sockets, e);
    return r ? r : sdk_sockets_connect(&sockets, &client->owner, wait, &call->fd, e);
}

int sdk_call_new(const struct coffer_client *client, const struct sdk_procedure *p,
                 const ProtobufCMessage *request, bool may_wait, struct sdk_call **out,
                 struct err *e)
{
    cleanup_sdk_call struct sdk_call *call = malloc(sizeof(*call));
    if (!call)
        return err_no_memory(e);
    *call = (struct sdk_call){.procedure = p, .fd = -1, .deadline = CLOCK_NEVER};
    unary_init(&call->in, HTTP_RESPONSE, CONNECT_MESSAGE_MAX);
    if (client->timeout)
        call->deadline = clock_after(sdk_now(), client->timeout);
    int r = write_request(call, client->timeout, request, e);
    if (!r)
        r = start(call, client, may_wait, e);
    if (!r)
        *out = TAKE(call);
    return r;
}

/* ---- going on ---- */

/* What is left to be sent won't be: only what the server says counts now. */
static void stop_sending(struct sdk_call *call)
{
    buf_deinit(&call->out);
    call->sent = 0;
}

static int send_some(struct sdk_call *call, struct err *e)
{
    while (call->sent < call->out.len) {
        ssize_t n = send(call->fd, call->out.data + call->sent,
                         call->out.len - call->sent, MSG_NOSIGNAL);
        if (n >= 0)
            call->sent += (size_t)n;
        else if (errno == EAGAIN)
            return 0;
        else if (errno == EPIPE || errno == ECONNRESET)
            break;
        else if (errno != EINTR)
            return err_errno(e, errno, "send");
    }
    stop_sending(call);
    return 0;
}

static int too_much(struct err *e)
{
    return err_set(e, ERR_BAD_MESSAGE, "the answer is too long");
}

static int take_in(struct sdk_call *call, const char *piece, size_t n, struct err *e)
{
    size_t used;
    call->received += n;
    if (call->received > SDK_ANSWER_BYTES_MAX)
        return too_much(e);
    int r = unary_feed(&call->in, piece, n, &used, e);
    return r == ERR_RESOURCE_EXHAUSTED ? too_much(e) : r;
}

/* Reads once. *is_empty: there is nothing to be read now. */
static int receive_piece(struct sdk_call *call, char piece[PIECE_SIZE], bool *is_empty,
                         struct err *e)
{
    ssize_t n = recv(call->fd, piece, PIECE_SIZE, 0);
    if (n > 0)
        return take_in(call, piece, (size_t)n, e);
    if (n == 0 || errno == ECONNRESET)
        return unary_eof(&call->in, e);
    *is_empty = errno == EAGAIN;
    return errno == EAGAIN || errno == EINTR ? 0 : err_errno(e, errno, "receive");
}

/* At most so many pieces a step: a flood mustn't keep the caller from its other work. */
static int receive_some(struct sdk_call *call, struct err *e)
{
    char piece[PIECE_SIZE];
    bool is_empty = false;
    int r = 0;
    for (int i = 0; i < 16 && !r && !is_empty && !call->in.is_complete; i++)
        r = receive_piece(call, piece, &is_empty, e);
    mem_wipe(piece, sizeof(piece));
    return r;
}

static int read_answer(struct sdk_call *call, struct err *e)
{
    cleanup_buf struct buf message = BUF_INIT;
    int r = connect_read_answer(&call->in.reader.head, &call->in.body, CONNECT_PROTO,
                                &message, e);
    if (!r)
        r = message_unpack(call->procedure->answer, message.data, message.len,
                           &call->answer, e);
    call->is_done = !r;
    return r;
}

static int go_on(struct sdk_call *call, struct err *e)
{
    int r = send_some(call, e);
    if (!r)
        r = receive_some(call, e);
    if (!r && call->in.is_complete)
        return read_answer(call, e);
    if (!r && sdk_now() >= call->deadline)
        return err_set(e, ERR_DEADLINE_EXCEEDED,
                       "the secrets engine didn't answer in time");
    return r;
}

int sdk_call_step(struct sdk_call *call, bool *is_done, struct err *e)
{
    if (!call->is_done && !call->failure.code) {
        struct err why = {0};
        int r = go_on(call, &why);
        if (r)
            call->failure = why;
        call->failure.code = r;
    }
    *is_done = call->is_done;
    if (call->failure.code && e)
        *e = call->failure;
    return call->failure.code;
}

int sdk_call_run(struct sdk_call *call, struct err *e)
{
    for (;;) {
        bool is_done;
        int r = sdk_call_step(call, &is_done, e);
        if (r || is_done)
            return r;
        struct pollfd p = {.fd = call->fd, .events = sdk_call_events(call)};
        if (poll(&p, 1, sdk_call_timeout(call)) < 0 && errno != EINTR)
            return err_errno(e, errno, "poll");
    }
}

ProtobufCMessage *sdk_call_take(struct sdk_call *call)
{
    return TAKE(call->answer);
}

int sdk_call_fd(const struct sdk_call *call)
{
    return call->fd;
}

short sdk_call_events(const struct sdk_call *call)
{
    return (short)(POLLIN | (call->sent < call->out.len ? POLLOUT : 0));
}

int sdk_call_timeout(const struct sdk_call *call)
{
    return sdk_poll_time(call->deadline, sdk_now());
}

void sdk_call_free(struct sdk_call *call)
{
    if (!call)
        return;
    if (call->fd >= 0)
        close(call->fd);
    buf_deinit(&call->out);
    unary_deinit(&call->in);
    message_free(call->answer);
    free(call);
}

void sdk_call_cleanup(struct sdk_call **call)
{
    sdk_call_free(*call);
}
