/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/backoff.h"

#include "base/clock.h"

int64_t backoff_next(struct backoff *b, int64_t ran, int64_t max)
{
    if (ran >= BACKOFF_STABLE)
        *b = (struct backoff){0};
    b->delay = b->delay ? 2 * b->delay : BACKOFF_MIN;
    b->waited += b->delay;
    return b->waited > max ? -1 : b->delay;
}
