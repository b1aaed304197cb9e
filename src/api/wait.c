/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /containers/X/wait?condition=removed, by which `docker run --rm` learns how its
 * container ended. Podman answers it with status 0 whatever happened, but tells the truth
 * to who waits for the next exit. So there both are asked: the first says when to answer,
 * and the second, which comes before it or shortly after, with what.
 *
 *     ASKED    the removal was asked for; any other engine's answer is passed on as it is
 *     ARMED    it is Podman, and the exit was asked for too
 *     OPEN     both wait, and the client has our head: only now it starts the container
 *     REMOVED  the answer is there; an exit not told yet has a little time
 */
#include "api/engine_version.h"
#include "api/handlers.h"
#include "api/stream.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/loop.h"

/* An answer has a status and a short text. */
#define WAIT_ANSWER_MAX 65536

/* How long the exit may be told after the removal. */
#define WAIT_EXIT_GRACE (2 * CLOCK_SECOND)

struct removal_wait {
    struct api_stream stream;
    struct http_call *removal, *exit; /* NULL when they weren't asked or have ended */
    struct buf removal_answer, exit_answer;
    int status, exit_status;
    bool is_removed;
    bool has_code;
    json_int_t code;
    struct timer grace;
    struct loop_close closing;
};

static void wait_free(void *user)
{
    struct removal_wait *w = user;
    buf_deinit(&w->removal_answer);
    buf_deinit(&w->exit_answer);
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

static void begin(struct removal_wait *w)
{
    if (!w->stream.has_begun)
        api_stream_begin(&w->stream, "application/json");
}

/* The engine's answer, with the code from the other one where that is known. */
static int compose(const struct removal_wait *w, struct buf *out)
{
    const struct buf *answer = &w->removal_answer;
    cleanup_json json_t *j = NULL;
    if (!w->has_code || api_json_parse(answer->data, answer->len, &j, NULL) ||
        !json_is_object(j))
        return buf_append(out, answer->data, answer->len);
    if (json_object_set_new(j, "StatusCode", json_integer(w->code)))
        return ERR_NO_MEMORY;
    int r = json_write(j, out);
    return r ? r : buf_append_char(out, '\n');
}

static void answer(void *user)
{
    struct removal_wait *w = user;
    cleanup_buf struct buf text = BUF_INIT;
    if (compose(w, &text)) {
        api_stream_cut(&w->stream);
        return;
    }
    begin(w);
    if (api_stream_write(&w->stream, text.data, text.len))
        api_stream_end(&w->stream);
}

/* The next three answer before the stream has begun. */

static void refuse(struct removal_wait *w, const struct err *e)
{
    http_exchange_respond_error(api_stream_release(&w->stream), e);
    on_closed(&w->stream);
}

static void refuse_too_long(struct removal_wait *w)
{
    http_exchange_respond_message(api_stream_release(&w->stream), 502,
                                  "the container engine's answer is too long");
    on_closed(&w->stream);
}

static void pass_on(struct removal_wait *w)
{
    static const struct http_header type = {"Content-Type", "application/json"};
    http_exchange_respond(api_stream_release(&w->stream), w->status, &type, 1,
                          w->removal_answer.data, w->removal_answer.len);
    on_closed(&w->stream);
}

/* ---- the exit ---- */

static void on_exit_head(struct http_call *call, const struct http_head *head, void *user)
{
    struct removal_wait *w = user;
    w->exit_status = head->status;
    begin(w);
}

static void on_exit_body(struct http_call *call, const void *data, size_t n, void *user)
{
    struct removal_wait *w = user;
    /* Cut off here it is no JSON any more, and isn't taken for an answer. */
    if (w->exit_answer.len + n > WAIT_ANSWER_MAX || buf_append(&w->exit_answer, data, n))
        w->exit_status = 0;
}

static void read_code(struct removal_wait *w)
{
    cleanup_json json_t *j = NULL;
    if (api_json_parse(w->exit_answer.data, w->exit_answer.len, &j, NULL))
        return;
    const json_t *code = json_object_get(j, "StatusCode");
    const json_t *error = json_object_get(j, "Error");
    w->has_code = json_is_integer(code) && json_integer_value(code) >= 0 &&
                  (!error || json_is_null(error));
    w->code = json_integer_value(code);
}

static void on_exit_end(struct http_call *call, int code, const struct err *e, void *user)
{
    struct removal_wait *w = user;
    w->exit = NULL;
    if (!code && w->exit_status == 200)
        read_code(w);
    if (w->is_removed)
        answer(w);
    else
        begin(w);
}

/* The same request for the other condition; other parameters don't exist. */
static int exit_target(const char *target, struct buf *out)
{
    int r = buf_append(out, target, strcspn(target, "?"));
    return r ? r : buf_append_str(out, "?condition=next-exit");
}

static int ask_for_exit(struct removal_wait *w)
{
    static const struct http_call_events events = {on_exit_head, on_exit_body,
                                                   on_exit_end};
    cleanup_buf struct buf target = BUF_INIT;
    cleanup_free char *removal = api_engine_target(w->stream.api, w->stream.x);
    if (!removal || exit_target(removal, &target))
        return ERR_NO_MEMORY;
    struct http_request request = {.method = "POST", .target = buf_str(&target)};
    return http_client_request(w->stream.api->client, &request, &events, w, &w->exit,
                               NULL);
}

/* ---- the removal ---- */

static bool is_podman(const struct http_head *head)
{
    return http_head_get(head, "Libpod-Api-Version");
}

static void on_removal_head(struct http_call *call, const struct http_head *head,
                            void *user)
{
    struct removal_wait *w = user;
    w->status = head->status;
    api_engine_answered(w->stream.api, head->status);
    /* An exit that can't be asked for is as one that isn't told. */
    if (w->status == 200 && (!is_podman(head) || ask_for_exit(w)))
        begin(w);
}

static void on_removal_body(struct http_call *call, const void *data, size_t n,
                            void *user)
{
    struct removal_wait *w = user;
    if (w->removal_answer.len + n <= WAIT_ANSWER_MAX &&
        !buf_append(&w->removal_answer, data, n))
        return;
    if (w->stream.has_begun)
        api_stream_cut(&w->stream);
    else
        refuse_too_long(w);
}

static void on_removal_end(struct http_call *call, int code, const struct err *e,
                           void *user)
{
    struct removal_wait *w = user;
    w->removal = NULL;
    w->is_removed = true;
    if (code && w->stream.has_begun)
        api_stream_cut(&w->stream);
    else if (code)
        refuse(w, e);
    else if (w->status != 200)
        pass_on(w);
    else if (w->exit)
        timer_start(&w->grace, WAIT_EXIT_GRACE);
    else
        answer(w);
}

void api_wait_for_removal(struct api *a, struct http_exchange *x, const struct buf *body)
{
    static const struct http_call_events events = {on_removal_head, on_removal_body,
                                                   on_removal_end};
    cleanup_free char *target = api_engine_target(a, x);
    const struct http_request request = {.method = "POST", .target = target};
    struct err e = {0};
    struct removal_wait *w = target ? calloc(1, sizeof(*w)) : NULL;
    (void)body;
    if (!w) {
        err_no_memory(&e);
        http_exchange_respond_error(x, &e);
        return;
    }
    timer_init(&w->grace, a->loop, answer, w);
    api_stream_init(&w->stream, a, x, on_closed);
    if (http_client_request(a->client, &request, &events, w, &w->removal, &e))
        refuse(w, &e);
}
