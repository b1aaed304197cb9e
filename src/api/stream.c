/* SPDX-License-Identifier: Apache-2.0 */
#include "api/stream.h"

/* What is written at once of what waited. */
#define PIECE (256 * 1024)

static void detach(struct api_stream *s)
{
    list_remove(&s->link);
    buf_deinit(&s->pending);
    http_exchange_on_close(s->x, NULL, NULL);
    http_exchange_on_drain(s->x, NULL, NULL);
}

static void finish(struct api_stream *s, void (*end)(struct http_exchange *x))
{
    struct http_exchange *x = s->x;
    detach(s);
    end(x);
    s->closed(s);
}

static void on_close(struct http_exchange *x, void *user)
{
    finish(user, http_exchange_abort);
}

/* Sends what waits as far as the client takes it. */
static int flush(struct api_stream *s)
{
    while (s->pending.len) {
        size_t n = s->pending.len < PIECE ? s->pending.len : PIECE;
        int r = http_exchange_write(s->x, s->pending.data, n);
        if (r)
            return r;
        buf_consume(&s->pending, n);
    }
    return 0;
}

static void on_drain(struct http_exchange *x, void *user)
{
    struct api_stream *s = user;
    if (!s->has_begun || flush(s))
        return;
    if (s->is_ending)
        finish(s, http_exchange_end);
    else if (s->drained && !api_stream_is_full(s))
        s->drained(s);
}

void api_stream_init(struct api_stream *s, struct api *a, struct http_exchange *x,
                     void (*closed)(struct api_stream *s))
{
    *s = (struct api_stream){.api = a, .x = x, .closed = closed};
    list_append(&a->streams, &s->link);
    http_exchange_on_close(x, on_close, s);
    http_exchange_on_drain(x, on_drain, s);
}

void api_stream_begin(struct api_stream *s, const char *type)
{
    const struct http_header header = {"Content-Type", type};
    http_exchange_start(s->x, 200, &header, type ? 1 : 0);
    s->has_begun = true;
    (void)flush(s); /* what isn't taken now goes when it drains */
}

bool api_stream_write(struct api_stream *s, const void *data, size_t n)
{
    if (s->has_begun && !s->pending.len) {
        int r = http_exchange_write(s->x, data, n);
        if (!r || r == ERR_UNAVAILABLE)
            return true; /* that the client is gone, on_close tells */
    }
    if (s->pending.len + n <= API_STREAM_QUEUE_MAX && !buf_append(&s->pending, data, n))
        return true;
    api_stream_cut(s);
    return false;
}

bool api_stream_is_full(const struct api_stream *s)
{
    return s->pending.len || http_exchange_queued(s->x);
}

void api_stream_end(struct api_stream *s)
{
    if (!s->has_begun)
        api_stream_cut(s);
    else if (!flush(s))
        finish(s, http_exchange_end);
    else
        s->is_ending = true;
}

void api_stream_cut(struct api_stream *s)
{
    finish(s, http_exchange_abort);
}

struct http_exchange *api_stream_release(struct api_stream *s)
{
    detach(s);
    return s->x;
}
