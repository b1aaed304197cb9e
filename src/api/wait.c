/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /containers/X/wait?condition=removed, by which `docker run --rm` learns how its
 * container ended. Podman answers it with status 0 whatever happened, but tells the truth
 * to who waits for the next exit. So both are asked: the first says when to answer, and
 * the second, which comes before it or shortly after, with what.
 */
#include "api/handlers.h"
#include "api/stream.h"
#include "base/str.h"
#include "loop/loop.h"

/* An answer has a status and a short text. */
#define WAIT_ANSWER_MAX 65536

/* How long the exit may be told after the removal. */
#define WAIT_EXIT_GRACE (2 * CLOCK_SECOND)

struct removal_wait {
    struct api_stream stream;
    struct http_call *removal, *exit; /* NULL once they have ended */
    struct buf answer;                /* to the first */
    int status;
    bool is_removed;
    bool has_code;
    json_int_t code;
    struct timer grace;
    struct loop_close closing;
};

static void wait_free(void *user)
{
    struct removal_wait *w = user;
    buf_deinit(&w->answer);
    free(w);
}

static void on_closed(struct api_stream *s)
{
    struct removal_wait *w = CONTAINER_OF(s, struct removal_wait, stream);
    http_call_cancel(TAKE(w->removal));
    http_call_cancel(TAKE(w->exit));
    loop_close_init(&w->closing, wait_free, w);
    timer_close(&w->grace, &w->closing);
    loop_close_end(&w->closing);
}

/* ---- answering ---- */

/* The engine's answer, with the code from the other one where that is known. */
static int compose(struct removal_wait *w, struct buf *out)
{
    json_t *j = NULL;
    if (!w->has_code || api_json_parse(w->answer.data, w->answer.len, &j, NULL))
        return buf_append(out, w->answer.data, w->answer.len);
    int r =
        json_object_set_new(j, "StatusCode", json_integer(w->code)) ? ERR_NO_MEMORY : 0;
    if (!r)
        r = api_json_dump(j, out);
    json_decref(j);
    return r;
}

static void answer(void *user)
{
    struct removal_wait *w = user;
    cleanup_buf struct buf text = BUF_INIT;
    if (compose(w, &text) || api_stream_write(&w->stream, text.data, text.len))
        api_stream_end(&w->stream);
}

/* Answers before the stream has begun. */
static void refuse(struct removal_wait *w, const struct err *e)
{
    static const struct http_header type = {"Content-Type", "application/json"};
    struct http_exchange *x = api_stream_release(&w->stream);
    if (e)
        http_exchange_respond_error(x, e);
    else
        http_exchange_respond(x, w->status, &type, 1, w->answer.data, w->answer.len);
    on_closed(&w->stream);
}

/* ---- the removal ---- */

static void on_removal_head(struct http_call *call, const struct http_head *head,
                            void *user)
{
    struct removal_wait *w = user;
    w->status = head->status;
    /* The CLI starts the container only when this head has come. */
    if (w->status == 200)
        api_stream_begin(&w->stream, "application/json");
}

static void on_removal_body(struct http_call *call, const void *data, size_t n,
                            void *user)
{
    struct removal_wait *w = user;
    /* What is cut here or for lack of memory is no JSON any more, and passed on so. */
    if (w->answer.len + n <= WAIT_ANSWER_MAX && buf_append(&w->answer, data, n))
        buf_reset(&w->answer);
}

static void on_removal_end(struct http_call *call, int code, const struct err *e,
                           void *user)
{
    struct removal_wait *w = user;
    w->removal = NULL;
    w->is_removed = true;
    if (w->status != 200)
        refuse(w, code ? e : NULL);
    else if (code)
        api_stream_end(&w->stream);
    else if (w->exit)
        timer_start(&w->grace, WAIT_EXIT_GRACE);
    else
        answer(w);
}

static const struct http_call_events removal_events = {
    on_removal_head,
    on_removal_body,
    on_removal_end,
};

/* ---- the exit ---- */

static void on_exit_told(struct http_response *r, int code, const struct err *e,
                         void *user)
{
    struct removal_wait *w = user;
    json_t *j = NULL;
    w->exit = NULL;
    if (!code && r->head->status == 200 &&
        !api_json_parse(r->body.data, r->body.len, &j, NULL)) {
        const json_t *status = json_object_get(j, "StatusCode");
        w->has_code = json_is_integer(status) && json_integer_value(status) >= 0;
        w->code = json_integer_value(status);
        json_decref(j);
    }
    if (w->is_removed)
        answer(w);
}

/* The same request for the other condition; other parameters don't exist. */
static int exit_target(const struct http_exchange *x, struct buf *out)
{
    const char *target = http_exchange_head(x)->target;
    int r = buf_append(out, target, strcspn(target, "?"));
    return r ? r : buf_append_str(out, "?condition=next-exit");
}

static int start(struct removal_wait *w, struct api *a, struct http_exchange *x,
                 struct err *e)
{
    cleanup_buf struct buf target = BUF_INIT;
    if (exit_target(x, &target))
        return err_no_memory(e);
    struct http_request exit = {.method = "POST", .target = target.data};
    struct http_request removal = {.method = "POST",
                                   .target = http_exchange_head(x)->target};
    int r = http_client_fetch(a->client, &exit, WAIT_ANSWER_MAX, on_exit_told, w,
                              &w->exit, e);
    return r ? r
             : http_client_request(a->client, &removal, &removal_events, w, &w->removal,
                                   e);
}

void api_wait_for_removal(struct api *a, struct http_exchange *x, const struct buf *body)
{
    (void)body;
    struct err e = {0};
    struct removal_wait *w = calloc(1, sizeof(*w));
    if (!w) {
        err_no_memory(&e);
        http_exchange_respond_error(x, &e);
        return;
    }
    timer_init(&w->grace, a->loop, answer, w);
    api_stream_init(&w->stream, a, x, on_closed);
    if (start(w, a, x, &e))
        refuse(w, &e);
}
