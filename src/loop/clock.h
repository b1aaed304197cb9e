/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/* What time it is, in nanoseconds as in base/clock.h. Only I/O code asks; pure code is
 * told. */

/* Real time: a point since 1970-01-01T00:00:00Z. It may jump. */
int64_t clock_now(void);

/* Time since some unknown point; never goes back. For durations and deadlines. */
int64_t clock_monotonic(void);
