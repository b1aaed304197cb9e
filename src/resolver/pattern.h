/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "resolver/component.h"
#include "resolver/secret_id.h"

/*
 * A pattern names a set of ids: an id whose components may also be "*" (just one
 * component, whatever it is) or "**" (any number of them, also none). "db/x*" is none.
 * Each id is a pattern, for itself. The limits are those of ids.
 *
 * What compares patterns is exact, as sets of ids, and takes time in the product of the
 * numbers of components, whatever the patterns are; none of it needs memory.
 */
struct pattern {
    char *text;              /* as it was given, with a NUL */
    struct component *parts; /* the same block */
    size_t n;                /* components; 0 in one that was never parsed */
};

#define PATTERN_INIT                                                                     \
    {                                                                                    \
        0                                                                                \
    }

/* How many patterns one request may name. A list this long is what removing all secrets
 * of a large store asks leave for. */
#define PATTERNS_MAX 1024

/*
 * Reads n bytes of text into *out, which is overwritten; pattern_deinit() it after
 * success. ERR_INVALID_ARGUMENT (`invalid pattern "a//b": ...`), ERR_RESOURCE_EXHAUSTED
 * for one over the limits of ids, ERR_NO_MEMORY.
 */
int pattern_parse(struct pattern *out, const char *text, size_t n,
                  struct err *e) MUST_CHECK;
int pattern_copy(struct pattern *out, const struct pattern *p, struct err *e) MUST_CHECK;
void pattern_deinit(struct pattern *p);
#define cleanup_pattern CLEANUP(pattern_deinit)

/* Equal is what has the same text. One set may have several spellings: pattern_includes()
 * both ways tells. */
bool pattern_is_equal(const struct pattern *a, const struct pattern *b);

/* Has it no wildcard? Then its text is an id. */
bool pattern_is_id(const struct pattern *p);

/* Does it name this id? An id that isn't valid is in no pattern. */
bool pattern_match(const struct pattern *p, const char *id);

/* Does p name every id that q names? */
bool pattern_includes(const struct pattern *p, const struct pattern *q);

/* Is there an id that both name? */
bool pattern_intersects(const struct pattern *p, const struct pattern *q);

/*
 * What to ask somebody who has the ids of `own` when `request` is wanted: the smaller one
 * where one includes the other; the request where they only overlap, since what both name
 * is then no pattern (the answer must be filtered by both); NULL where they don't.
 * Returns one of its arguments.
 */
const struct pattern *pattern_narrow(const struct pattern *own,
                                     const struct pattern *request);

/*
 * Puts a pattern (or an id) in the place of p's "**" component. *out is overwritten.
 * ERR_INVALID_ARGUMENT when p has not exactly one "**"; else as pattern_parse().
 */
int pattern_expand(const struct pattern *p, const struct pattern *with,
                   struct pattern *out, struct err *e) MUST_CHECK;
