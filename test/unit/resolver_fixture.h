/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/envelope.h"
#include "resolver/pattern.h"

/* A pattern that must parse. */
static inline struct pattern fixture_pattern(const char *text)
{
    struct pattern p = PATTERN_INIT;
    struct err e = {0};
    if (pattern_parse(&p, text, strlen(text), &e))
        fail_msg("%s", e.text);
    return p;
}

/* What two patterns given as text have to do with each other. */
static inline bool fixture_match(const char *pattern, const char *id)
{
    cleanup_pattern struct pattern p = fixture_pattern(pattern);
    return pattern_match(&p, id);
}

static inline bool fixture_includes(const char *a, const char *b)
{
    cleanup_pattern struct pattern p = fixture_pattern(a), q = fixture_pattern(b);
    return pattern_includes(&p, &q);
}

static inline bool fixture_intersects(const char *a, const char *b)
{
    cleanup_pattern struct pattern p = fixture_pattern(a), q = fixture_pattern(b);
    return pattern_intersects(&p, &q);
}

/* Puts an envelope of that id and value at the end of a list. An id that isn't valid goes
 * in, too: plugins may send anything. */
static inline void fixture_append(struct secret_envelopes *list, const char *id,
                                  const char *value)
{
    struct secret_envelope one = {.id = strdup(id)};
    assert_non_null(one.id);
    assert_int_equal(secret_envelope_set_value(&one, value, strlen(value), NULL), 0);
    assert_int_equal(secret_envelopes_append(list, &one, NULL), 0);
}
