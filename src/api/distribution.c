/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry says about an image: clients ask before they create a service, wait for
 * the answer, and go on without one after an error. So the engine gets only little time
 * for it. */
#include "api/engine_version.h"
#include "api/handlers.h"
#include "base/mem.h"
#include "base/str.h"

static void on_fetched(struct api_request *q, struct http_response *r,
                       const struct err *e)
{
    if (!r && e->code == ERR_DEADLINE_EXCEEDED)
        api_request_message(q, 504, "the registry didn't answer in time");
    else if (!r)
        api_request_error(q, e);
    else {
        const char *type = http_head_get(r->head, "Content-Type");
        api_engine_answered(q->api, r->head->status);
        api_request_text(q, r->head->status, type ? type : "application/json", &r->body);
    }
}

void api_distribution(struct api_request *q)
{
    struct err e = {0};
    cleanup_free char *target = api_engine_target(q->api, q->x);
    if (target) {
        api_request_fetch(q, target, API_DISTRIBUTION_TIMEOUT, on_fetched);
    } else {
        err_no_memory(&e);
        api_request_error(q, &e);
    }
}
