/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Time: points and durations are int64_t nanoseconds; a point counts from
 * 1970-01-01T00:00:00Z. Nothing here asks what time it is: pure code is told, the loop
 * asks (loop/clock.h).
 */
#define CLOCK_MICROSECOND INT64_C(1000)
#define CLOCK_MILLISECOND (1000 * CLOCK_MICROSECOND)
#define CLOCK_SECOND (1000 * CLOCK_MILLISECOND)
#define CLOCK_MINUTE (60 * CLOCK_SECOND)
#define CLOCK_HOUR (60 * CLOCK_MINUTE)

/* No point in time: later than every one. */
#define CLOCK_NEVER INT64_MAX

/* A point that lies d after t. What lies beyond the last point is CLOCK_NEVER: durations
 * come from users. */
static inline int64_t clock_after(int64_t t, int64_t d)
{
    int64_t sum;
    if (__builtin_add_overflow(t, d, &sum))
        return d < 0 ? INT64_MIN : CLOCK_NEVER;
    return sum;
}

/*
 * Real time that can be relied on. Real time may jump, and monotonic time says only how
 * much of it went by; from both this makes a time that follows real time forward, and
 * goes on with monotonic time where real time is set back, until that has caught up. A
 * zeroed one has not begun yet. Returns the time now.
 */
struct clock_steady {
    int64_t now;
    int64_t monotonic; /* when that was */
};
int64_t clock_steady_now(struct clock_steady *c, int64_t real, int64_t monotonic);

/* Long enough for any text below, with its NUL. */
#define CLOCK_TEXT_SIZE 48

/* RFC 3339 in UTC with up to nine decimals and no trailing zeros, as Go's RFC3339Nano:
 * "2026-11-22T00:49:13.5Z". */
void clock_format_rfc3339(int64_t t, char out[CLOCK_TEXT_SIZE]);

/* Reads RFC 3339, with any offset and zero to nine decimals. False when s isn't that or
 * the year isn't 1970 to 2261. */
bool clock_parse_rfc3339(const char *s, int64_t *out);

/* A duration as Go prints one: "1h0m0s", "1.5s", "250ms", "0s". */
void clock_format_duration(int64_t d, char out[CLOCK_TEXT_SIZE]);

/* Reads a duration as Go does: signed decimals with the units h, m, s, ms, us, µs, ns
 * ("1h30m", "-1.5s", "0"). */
bool clock_parse_duration(const char *s, int64_t *out);

/* How long ago, in the rough words of Docker's tables: "Less than a second", "3 minutes",
 * "2 weeks". d is not negative. */
void clock_format_ago(int64_t d, char out[CLOCK_TEXT_SIZE]);
