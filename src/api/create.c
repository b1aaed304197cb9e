/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a creation:
 *
 *     whose engine?      the user at the other end of our socket
 *     which runtime?     the engine's /info, unless the engine is ours
 *     create             by the engine
 *     record             for coffer-runtime, by the container's id; on a thread, since it
 *                        is on the disk when the client hears of the container
 *     answer             what the engine said
 *
 * A container whose record couldn't be written is refused to start by coffer-runtime.
 */
#include "api/create.h"

#include <stdlib.h>

#include "api/engine_version.h"
#include "api/handlers.h"
#include "api/records.h"
#include "api/reference_files.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/clock.h"

/* As long as an engine may take that is busy, for each step. */
#define CREATE_TIMEOUT (5 * CLOCK_MINUTE)

/* For so long an engine is taken at its word that it has coffer-runtime: Podman takes
 * 200 ms to say it. */
#define OFFER_KEPT CLOCK_MINUTE

struct creation {
    struct api *api;
    struct http_exchange *x;
    json_t *body;
    struct record asks; /* of whom, when that is known */
    struct work_turn writing;
    char *id, *type; /* of the engine's answer */
    struct buf answer;
    struct err why; /* the record could not be written */
};

static void creation_free(struct creation *c)
{
    json_decref(c->body);
    record_deinit(&c->asks);
    buf_deinit(&c->answer);
    free(c->id);
    free(c->type);
    free(c);
}

static void fail(struct creation *c, const struct err *e)
{
    http_exchange_respond_error(c->x, e);
    creation_free(c);
}

/* An empty variable may as well stay empty. */
static bool must_resolve(const struct creation *c)
{
    return c->asks.n_references || c->asks.n_files;
}

/* ---- the record, the answer ---- */

static void answer(struct creation *c, int status)
{
    const struct http_header header = {"Content-Type", c->type};
    http_exchange_respond(c->x, status, &header, 1, c->answer.data, c->answer.len);
    creation_free(c);
}

static void write_record(struct work_turn *t)
{
    struct creation *c = CONTAINER_OF(t, struct creation, writing);
    int r = record_write(c->api->references, c->id, &c->asks, &c->why);
    if (r)
        err_wrap(&c->why, r, "container %s was created but can't be started", c->id);
}

static void on_written(struct work_turn *t)
{
    struct creation *c = CONTAINER_OF(t, struct creation, writing);
    if (c->why.code)
        fail(c, &c->why);
    else
        answer(c, 201);
}

static int keep_answer(struct creation *c, struct http_response *r, struct err *e)
{
    const char *type = http_head_get(r->head, "Content-Type");
    c->type = str_format("%s", type ? type : "application/json");
    c->answer = r->body;
    r->body = (struct buf)BUF_INIT;
    return c->type ? 0 : err_no_memory(e);
}

static void on_created(struct http_response *r, int code, const struct err *e, void *user)
{
    struct creation *c = user;
    struct err why = {0};
    if (code)
        fail(c, e);
    else if (keep_answer(c, r, &why))
        fail(c, &why);
    else if (r->head->status != 201)
        answer(c, r->head->status);
    else if (api_records_id(&c->answer, &c->id, &why))
        fail(c, &why);
    else
        work_queue_add(&c->api->records, &c->writing, write_record, on_written);
}

/* ---- the creation ---- */

static int complete(struct creation *c, struct buf *text, struct err *e)
{
    struct api *a = c->api;
    int r = api_references_label(c->body, &c->asks, e);
    r = r ?: api_reference_files_label(c->body, &c->asks, e);
    if (!r && a->complete_create)
        r = a->complete_create(a->user, c->body, e);
    return r ? r : json_write(c->body, text) ? err_no_memory(e) : 0;
}

static void send_create(struct creation *c)
{
    static const struct http_header header = {"Content-Type", "application/json"};
    cleanup_buf struct buf text = BUF_INIT;
    struct err e = {0};
    cleanup_free char *target = api_engine_target(c->api, c->x);
    int r = target ? complete(c, &text, &e) : err_no_memory(&e);
    const struct http_request request = {.method = "POST",
                                         .target = target,
                                         .headers = &header,
                                         .n_headers = 1,
                                         .body = text.data,
                                         .body_len = text.len,
                                         .timeout = CREATE_TIMEOUT};
    if (!r)
        r = http_client_fetch(c->api->client, &request, API_ENGINE_ANSWER_MAX, on_created,
                              c, NULL, &e);
    if (r)
        fail(c, &e);
}

/* ---- the runtime ---- */

static void create_on(struct creation *c, enum offer offer)
{
    struct err e = {0};
    int r = api_references_choose_runtime(c->body, offer, &e);
    /* What only may be a secret's name stays as it is where it can't be looked for. */
    if (r && r != ERR_NO_MEMORY && !must_resolve(c)) {
        api_rewrite_pass_container(c->api, c->x, c->body);
        creation_free(c);
    } else if (r) {
        fail(c, &e);
    } else {
        send_create(c);
    }
}

static enum offer keep_offer(struct api *a, enum offer offer)
{
    a->offer = offer;
    a->offer_ends = offer == OFFER_NONE ? 0 : clock_after(clock_monotonic(), OFFER_KEPT);
    return offer;
}

static void on_info(struct http_response *r, int code, const struct err *e, void *user)
{
    struct creation *c = user;
    struct err why = {0};
    cleanup_json json_t *info = NULL;
    if (code)
        fail(c, e);
    else if (api_json_parse(buf_str(&r->body), r->body.len, &info, &why))
        fail(c, &why);
    else
        create_on(c, keep_offer(c->api, offer_of_engine(info)));
}

static void ask_for_runtime(struct creation *c)
{
    static const struct http_request request = {
        .method = "GET", .target = "/info", .timeout = CREATE_TIMEOUT};
    struct err e = {0};
    if (c->api->has_runtime)
        create_on(c, OFFER_USUAL);
    else if (clock_monotonic() < c->api->offer_ends)
        create_on(c, c->api->offer);
    else if (http_client_fetch(c->api->client, &request, API_ENGINE_ANSWER_MAX, on_info,
                               c, NULL, &e))
        fail(c, &e);
}

void api_create_with_references(struct api *a, struct http_exchange *x, json_t *body,
                                struct record *asks)
{
    struct err e = {0};
    struct creation *c = calloc(1, sizeof(*c));
    if (!c) {
        err_no_memory(&e);
        http_exchange_respond_error(x, &e);
        json_decref(body);
        record_deinit(asks);
        return;
    }
    *c = (struct creation){.api = a, .x = x, .body = body, .asks = *asks};
    *asks = (struct record){0};
    if (!api_references_caller(c->x, &c->asks.uid, &e)) {
        ask_for_runtime(c);
    } else if (must_resolve(c)) {
        fail(c, &e);
    } else {
        api_rewrite_pass_container(a, x, c->body);
        creation_free(c);
    }
}
