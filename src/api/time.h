/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* Reads a point in time as clients give it: seconds since 1970 with up to nine decimals
 * ("1795309527.5"), or RFC 3339. */
bool api_time_parse(const char *s, int64_t *out);

/* RFC 3339 with all nine decimals, as lines of a log have it. */
void api_time_format(int64_t t, char out[CLOCK_TEXT_SIZE]);
