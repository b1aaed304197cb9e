/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "resolver/envelope.h"

/* The last second of the year 9999. */
#define SECONDS_LAST INT64_C(253402300799)

int secret_time_read(int64_t seconds, int32_t nanos, struct secret_time *out,
                     struct err *e)
{
    if (seconds < SECRET_TIME_ZERO_SECONDS || seconds > SECONDS_LAST || nanos < 0 ||
        nanos >= CLOCK_SECOND)
        return err_set(e, ERR_BAD_MESSAGE, "a timestamp is not in the years 1 to 9999");
    *out = (struct secret_time){0};
    if (seconds != SECRET_TIME_ZERO_SECONDS || nanos)
        *out = (struct secret_time){true, seconds, nanos};
    return 0;
}

void secret_time_write(const struct secret_time *t, int64_t *seconds, int32_t *nanos)
{
    *seconds = t->is_set ? t->seconds : SECRET_TIME_ZERO_SECONDS;
    *nanos = t->is_set ? t->nanos : 0;
}

struct secret_time secret_time_from_clock(int64_t t)
{
    int64_t seconds = t / CLOCK_SECOND, nanos = t % CLOCK_SECOND;
    if (nanos < 0) {
        seconds--;
        nanos += CLOCK_SECOND;
    }
    return (struct secret_time){true, seconds, (int32_t)nanos};
}

bool secret_time_has_come(const struct secret_time *t, int64_t now)
{
    struct secret_time n = secret_time_from_clock(now);
    if (!t->is_set || t->seconds != n.seconds)
        return t->is_set && t->seconds < n.seconds;
    return t->nanos <= n.nanos;
}
