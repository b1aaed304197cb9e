/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges: what happens on the streams of a link; link.h has the contract. */
#include <stdlib.h>

#include "base/clock.h"
#include "sdk/link_private.h"
#include "sdk/sdk.h"
#include "wire/connect.h"

static struct sdk_exchange *of(struct list *link)
{
    return CONTAINER_OF(link, struct sdk_exchange, link);
}

static struct sdk_exchange *new_exchange(struct sdk_link *l, struct yamux_stream *stream,
                                         bool is_ours)
{
    struct sdk_exchange *x = malloc(sizeof(*x));
    if (!x)
        return NULL;
    *x = (struct sdk_exchange){
        .owner = l, .stream = stream, .begun = sdk_now(), .is_ours = is_ours};
    unary_init(&x->in, is_ours ? HTTP_RESPONSE : HTTP_REQUEST, CONNECT_MESSAGE_MAX);
    yamux_stream_set_user(stream, x);
    list_append(&l->exchanges, &x->link);
    return x;
}

void sdk_exchange_free(struct sdk_exchange *x)
{
    if (!x)
        return;
    list_remove(&x->link);
    yamux_stream_release(x->stream);
    unary_deinit(&x->in);
    buf_deinit(&x->out);
    free(x);
}

int sdk_exchange_open(struct sdk_link *l, struct sdk_exchange **out, struct err *e)
{
    struct yamux_stream *stream;
    int r = yamux_stream_open(l->yamux, &stream, e);
    if (r)
        return r;
    struct sdk_exchange *x = new_exchange(l, stream, true);
    if (!x) {
        yamux_stream_release(stream);
        return err_no_memory(e);
    }
    *out = x;
    return 0;
}

/* Nothing more comes of it. */
static void die(struct sdk_exchange *x)
{
    x->is_dead = true;
    buf_deinit(&x->out);
    buf_deinit(&x->in.body);
    x->sent = 0;
}

static int reset(struct sdk_exchange *x, struct err *e)
{
    die(x);
    return yamux_stream_reset(x->stream, e);
}

/* ---- sending ---- */

/* What the stream takes now. */
static int push(struct sdk_exchange *x, struct err *e)
{
    size_t taken = 0;
    int r = yamux_stream_write(x->stream, x->out.data + x->sent, x->out.len - x->sent,
                               &taken, e);
    x->sent += taken;
    if (r || x->sent < x->out.len)
        return r;
    buf_deinit(&x->out);
    x->sent = 0;
    return x->is_ours ? 0 : yamux_stream_close(x->stream, e);
}

int sdk_exchange_send(struct sdk_exchange *x, struct err *e)
{
    x->is_answered = !x->is_ours;
    x->is_kept = false;
    return x->is_dead ? 0 : push(x, e);
}

/* ---- receiving ---- */

static size_t requests_size(const struct sdk_link *l)
{
    size_t n = 0;
    LIST_FOR_EACH (link, &l->exchanges)
        n += of(link)->in.body.len;
    return n;
}

static size_t answers_size(const struct sdk_link *l)
{
    size_t n = 0;
    LIST_FOR_EACH (link, &l->exchanges)
        n += of(link)->out.len;
    return n;
}

bool sdk_link_is_answering(const struct sdk_link *l)
{
    return answers_size(l) > 0;
}

bool sdk_link_has_room(const struct sdk_link *l)
{
    return answers_size(l) < SDK_ANSWERS_MAX;
}

/* What is behind a whole message is nobody's. */
static int pull(struct sdk_exchange *x, struct err *e)
{
    cleanup_buf struct buf piece = BUF_INIT;
    size_t used;
    int r = yamux_stream_read(x->stream, &piece, e);
    if (r || x->in.is_complete || piece.len == 0)
        return r;
    r = unary_feed(&x->in, piece.data, piece.len, &used, e);
    if (r == ERR_NO_MEMORY)
        return r;
    if (r || requests_size(x->owner) > SDK_REQUESTS_MAX)
        return reset(x, e);
    if (x->in.is_complete)
        x->arrived = sdk_now();
    return 0;
}

static int finish(struct sdk_exchange *x, struct err *e)
{
    if (x->in.is_complete)
        return 0;
    int r = unary_eof(&x->in, e);
    if (r == ERR_NO_MEMORY)
        return r;
    x->arrived = sdk_now();
    return r || !x->in.is_complete ? reset(x, e) : 0;
}

static int on_event(struct sdk_link *l, struct yamux_stream *stream, unsigned events,
                    struct err *e)
{
    int r = 0;
    if (events & YAMUX_OPENED && !new_exchange(l, stream, false)) {
        yamux_stream_release(stream);
        return err_no_memory(e);
    }
    struct sdk_exchange *x = yamux_stream_user(stream);
    if (events & YAMUX_RESET)
        die(x);
    if (!x->is_dead && events & YAMUX_READABLE)
        r = pull(x, e);
    if (!r && !x->is_dead && events & YAMUX_FINISHED)
        r = finish(x, e);
    if (!r && !x->is_dead && events & YAMUX_WRITABLE && x->out.len)
        r = push(x, e);
    return r;
}

int sdk_link_take_events(struct sdk_link *l, struct err *e)
{
    unsigned events;
    struct yamux_stream *stream;
    int r = 0;
    while (!r && (stream = yamux_next(l->yamux, &events)))
        r = on_event(l, stream, events, e);
    return r;
}

/* ---- which is next, which are over ---- */

struct sdk_exchange *sdk_link_next(struct sdk_link *l)
{
    struct sdk_exchange *first = NULL;
    LIST_FOR_EACH (link, &l->exchanges) {
        struct sdk_exchange *x = of(link);
        if (!x->is_ours && x->in.is_complete && !x->is_answered && !x->is_dead &&
            !x->is_kept && (!first || x->arrived < first->arrived))
            first = x;
    }
    return first;
}

static bool is_awaited(const struct sdk_exchange *x)
{
    return !x->is_ours && !x->in.is_complete && !x->is_dead;
}

int64_t sdk_link_request_deadline(const struct sdk_link *l)
{
    LIST_FOR_EACH (link, &l->exchanges)
        if (is_awaited(of(link)))
            return clock_after(of(link)->begun, SDK_REQUEST_TIME);
    return CLOCK_NEVER;
}

int sdk_link_sweep(struct sdk_link *l, int64_t now, struct err *e)
{
    int r = 0;
    LIST_FOR_EACH (link, &l->exchanges) {
        struct sdk_exchange *x = of(link);
        if (!r && is_awaited(x) && now >= clock_after(x->begun, SDK_REQUEST_TIME))
            r = reset(x, e);
        bool is_over = x->is_dead || (x->is_answered && x->sent == x->out.len);
        if (is_over && !x->is_ours && !x->is_kept)
            sdk_exchange_free(x);
    }
    return r;
}
