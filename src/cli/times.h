/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/err.h"

/* Long enough for a point of time as the API wants it. */
#define TIMES_TEXT_SIZE 40

/* Nanoseconds of a clock that nobody sets: for durations. */
int64_t times_monotonic(void);

/*
 * Reads a point of time as --since and --until take it: a duration ("42m": so long before
 * now), RFC 3339 with or without a zone, a date, seconds since 1970; writes it as seconds
 * with decimals. ERR_INVALID_ARGUMENT.
 */
int times_parse(const char *s, int64_t now, char out[TIMES_TEXT_SIZE],
                struct err *e) MUST_CHECK;
