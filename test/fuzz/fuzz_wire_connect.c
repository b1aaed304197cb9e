/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads bytes as a call or as an answer, as the first byte says, whole and cut: both must
 * come to the same. A call that is understood is written again and understood alike.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wire/connect.h"
#include "wire/hijack.h"
#include "wire/unary.h"

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* Feeds up to one message; the code, or 0. */
static int read_cut(struct unary *u, const uint8_t *data, size_t size, size_t step)
{
    int r = 0;
    for (size_t at = 0; at < size && !r && !u->is_complete; at += step) {
        size_t n = size - at < step ? size - at : step, used;
        char *piece = mem_dup(data + at, n);
        must(piece);
        r = unary_feed(u, piece, n, &used, NULL);
        must(r || used == n || u->is_complete);
        free(piece);
    }
    return r;
}

static int read_call(const uint8_t *data, size_t size, size_t step, struct buf *message)
{
    struct unary u;
    struct connect_request r = {0};
    unary_init(&u, HTTP_REQUEST, CONNECT_MESSAGE_MAX);
    int code = read_cut(&u, data, size, step);
    if (!code && (!u.is_complete || connect_refusal(&u.reader.head)))
        code = ERR_BAD_MESSAGE;
    if (!code)
        code =
            connect_read_request(&u.reader.head, &u.body, CONNECT_MESSAGE_MAX, &r, NULL);
    must(r.message.len <= CONNECT_MESSAGE_MAX);
    *message = r.message;
    unary_deinit(&u);
    return code;
}

static int read_answer(const uint8_t *data, size_t size, size_t step, struct buf *message)
{
    struct unary u;
    struct err e;
    unary_init(&u, HTTP_RESPONSE, CONNECT_MESSAGE_MAX);
    int code = read_cut(&u, data, size, step);
    if (!code && !u.is_complete)
        code = unary_eof(&u, &e);
    if (!code && u.is_complete)
        code = connect_read_answer(&u.reader.head, &u.body, CONNECT_PROTO, message, &e);
    unary_deinit(&u);
    return code;
}

static void read_hijack(const uint8_t *data, size_t size, size_t step)
{
    struct hijack h;
    int r = 0;
    hijack_init(&h);
    for (size_t at = 0; at < size && !r && !h.is_done; at += step) {
        size_t n = size - at < step ? size - at : step, used;
        r = hijack_feed(&h, (const char *)data + at, n, &used, NULL);
        must(r || used == n || h.is_done);
    }
    if (!r && !h.is_done)
        must(hijack_eof(&h, NULL) != 0);
    hijack_deinit(&h);
}

/* What was understood is understood again when we say it. */
static void check_again(const struct buf *message)
{
    struct buf out = BUF_INIT, again = BUF_INIT;
    struct connect_call c = {.procedure = "/a.B/C", .host = "unix", .is_gzip = true};
    must(!connect_write_call(&c, message->data, message->len, &out, NULL));
    must(!read_call((const uint8_t *)out.data, out.len, out.len, &again));
    must(again.len == message->len);
    must(!again.len || memcmp(again.data, message->data, again.len) == 0);
    buf_deinit(&out);
    buf_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = BUF_INIT, cut = BUF_INIT;
    if (size < 2)
        return 0;
    bool is_call = data[0] & 1;
    size_t step = data[0] / 2 % 32 + 1;
    data++, size--;
    int (*read)(const uint8_t *, size_t, size_t, struct buf *) =
        is_call ? read_call : read_answer;
    int a = read(data, size, size, &whole);
    int b = read(data, size, step, &cut);
    must(!a == !b);
    must(a || whole.len == cut.len);
    if (!a && is_call)
        check_again(&whole);
    read_hijack(data, size, step);
    buf_deinit(&whole);
    buf_deinit(&cut);
    return 0;
}
