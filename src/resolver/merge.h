/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "resolver/envelope.h"
#include "resolver/pattern.h"

/*
 * The answers of the plugins that were asked become one. No plugin is trusted: what it
 * was not asked for, what is outside of its own pattern, what has no valid id, and an id
 * it gives a second time, is dropped and counted.
 */

/* What a plugin said. */
struct answer {
    const char *plugin;            /* its name */
    const struct pattern *pattern; /* its own, not the one it was asked with */
    int code; /* 0: it has `envelopes`; ERR_NOT_FOUND: it has none; else it failed */
    const char *reason;                /* why it failed; NULL for the code's own words */
    struct secret_envelopes envelopes; /* what is taken over is moved out of it */
    struct {
        size_t invalid;   /* no valid id */
        size_t outside;   /* not asked for, or not its own */
        size_t duplicate; /* an id it gave before */
    } dropped;            /* filled in by answers_merge() */
};

/* What it means when a plugin failed that may have had what was asked for. */
enum merge_rule {
    /* Nothing, as with Docker's engine: "not found" may mean that. */
    MERGE_IGNORE_FAILURES,
    /* The request fails if the others have found nothing. */
    MERGE_FAIL_WHEN_EMPTY,
    /* The request fails. The failed one may have had another value for the same id. */
    MERGE_FAIL,
};

/*
 * Appends to *out, which is empty: the answers in the order they are given in (that of
 * struct selection), each in its plugin's order, with the provider set to the plugin's
 * name and resolved_at to `now` (base/clock.h) where it is unset.
 *
 * ERR_NOT_FOUND ("secret not found") when nothing is left. ERR_UNAVAILABLE when a failure
 * counts: `matching plugin NAME failed: WHY`, of several with "; " between.
 * ERR_RESOURCE_EXHAUSTED over SECRET_ENVELOPES_MAX, ERR_NO_MEMORY. After an error *out is
 * empty.
 */
int answers_merge(const struct pattern *request, struct answer *answers, size_t n,
                  enum merge_rule rule, int64_t now, struct secret_envelopes *out,
                  struct err *e) MUST_CHECK;

/* Did this plugin fail? (An unanswered call is a failure, too.) */
bool answer_is_failure(const struct answer *answer);

/* Appends `matching plugin NAME failed: WHY`, fit for a line of a log: what isn't
 * printable is escaped, what is too long is cut. */
int answer_describe_failure(const struct answer *answer, struct buf *out) MUST_CHECK;
