/* SPDX-License-Identifier: Apache-2.0 */
#include "api/engine_version.h"
#include "api/handlers.h"
#include "base/mem.h"
#include "net/http_forward.h"

static void on_head(struct http_exchange *x, const struct http_head *head, void *user)
{
    api_engine_answered(user, head->status);
}

static void on_end(struct http_exchange *x, int code, const struct err *e, void *user)
{
    if (code)
        api_engine_answered(user, 0);
}

static void pass(struct api *a, struct http_exchange *x, struct http_forward *forward)
{
    struct err e = {0};
    cleanup_free char *target = api_engine_target(a, x);
    if (!target) {
        err_no_memory(&e);
        http_exchange_respond_error(x, &e);
        return;
    }
    forward->path = a->engine_socket;
    forward->target = target;
    forward->on_head = on_head;
    forward->on_end = on_end;
    forward->user = a;
    http_exchange_forward(x, forward);
}

void api_passthrough(struct api *a, struct http_exchange *x)
{
    struct http_forward forward = {0};
    pass(a, x, &forward);
}

void api_passthrough_body(struct api *a, struct http_exchange *x, const void *body,
                          size_t n)
{
    struct http_forward forward = {.has_body = true,
                                   .body = body,
                                   .body_len = n,
                                   .content_type = n ? "application/json" : NULL};
    pass(a, x, &forward);
}
