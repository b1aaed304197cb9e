/* SPDX-License-Identifier: Apache-2.0 */
#include "api/handlers.h"
#include "net/http_forward.h"

void api_passthrough(struct api *a, struct http_exchange *x)
{
    const struct http_forward forward = {.path = a->engine_socket};
    http_exchange_forward(x, &forward);
}

void api_passthrough_body(struct api *a, struct http_exchange *x, const void *body,
                          size_t n)
{
    const struct http_forward forward = {.path = a->engine_socket,
                                         .has_body = true,
                                         .body = body,
                                         .body_len = n,
                                         .content_type = n ? "application/json" : NULL};
    http_exchange_forward(x, &forward);
}
