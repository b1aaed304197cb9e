/* SPDX-License-Identifier: Apache-2.0 */
#include "api/handlers.h"
#include "base/str.h"

void api_ping(struct api_request *q)
{
    static const struct http_header headers[] = {
        {"Content-Type", "text/plain; charset=utf-8"},
        {"Cache-Control", "no-cache, no-store, must-revalidate"},
        {"Pragma", "no-cache"},
    };
    bool has_body = !str_equal(http_exchange_head(q->x)->method, "HEAD");
    http_exchange_respond(q->x, 200, headers, ARRAY_SIZE(headers), "OK",
                          has_body ? 2 : 0);
    api_request_free(q);
}
