/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "engined/host.h"
#include "resolver/envelope.h"
#include "resolver/pattern.h"

/*
 * Requests for secrets: which plugins are asked, in parallel, and what their answers make
 * together. Requests for the same pattern that come while one is under way share its
 * answer; answers are kept for a while when the settings say so.
 *
 * Ids of an internal realm are never in an answer.
 */
struct resolve;         /* all of them */
struct resolve_request; /* one */

/* At once under way; a further one is ERR_RESOURCE_EXHAUSTED. */
#define RESOLVE_REQUESTS_MAX 1024

int resolve_new(uv_loop_t *loop, struct host *host, const struct config *config,
                struct resolve **out, struct err *e) MUST_CHECK;

/* Ends all requests without a word. */
void resolve_close(struct resolve *r, struct loop_close *c);

/* code 0: `found`, which the callback only reads. Else ERR_NOT_FOUND ("secret not
 * found"), ERR_UNAVAILABLE (a matching plugin failed), ... */
typedef void resolve_cb(int code, const struct secret_envelopes *found,
                        const struct err *e, void *user);

/* cb comes once, from the loop, unless the request is canceled. The pattern is copied. */
int resolve_start(struct resolve *r, const struct pattern *pattern, resolve_cb *cb,
                  void *user, struct resolve_request **out, struct err *e) MUST_CHECK;
void resolve_cancel(struct resolve_request *request);

/* Kept answers may be wrong now: of the plugins or of the store something changed. */
void resolve_forget(struct resolve *r);
