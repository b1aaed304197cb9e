/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_call.h"

#include "base/macro.h"

static void fetch_head(struct http_call *call, const struct http_head *head, void *user)
{
    (void)user;
    call->fetch.response.head = head;
}

static void fetch_body(struct http_call *call, const void *data, size_t n, void *user)
{
    struct http_fetch *f = &call->fetch;
    (void)user;
    if (n > f->max - f->response.body.len)
        http_call_fail(call, ERR_RESOURCE_EXHAUSTED, "the answer has more than %zu bytes",
                       f->max);
    else if (buf_append(&f->response.body, data, n))
        http_call_fail(call, ERR_NO_MEMORY, "out of memory");
}

static void fetch_end(struct http_call *call, int code, const struct err *e, void *user)
{
    struct http_fetch *f = &call->fetch;
    (void)user;
    f->cb(code ? NULL : &f->response, code, e, f->user);
}

static const struct http_call_events events = {
    .on_head = fetch_head,
    .on_body = fetch_body,
    .on_end = fetch_end,
};

int http_client_fetch(struct http_client *client, const struct http_request *request,
                      size_t max,
                      void (*cb)(struct http_response *r, int code, const struct err *e,
                                 void *user),
                      void *user, struct http_call **out, struct err *e)
{
    struct http_call *call;
    int r = http_call_start(client, request, &events, NULL, &call, e);
    if (r)
        return r;
    call->fetch.cb = cb;
    call->fetch.user = user;
    call->fetch.max = max;
    if (out)
        *out = call;
    return 0;
}
