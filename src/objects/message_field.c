/* SPDX-License-Identifier: Apache-2.0 */
/* Maps and times in messages that are put together by hand. */
#include "base/clock.h"
#include "base/str.h"
#include "objects/objects.h"

/* The entry of a key. When a key stands there twice, the last one counts, as everywhere
 * with protobuf. */
static Swarm__Pair *find_pair(size_t n, Swarm__Pair *const *pairs, const char *key)
{
    while (n--)
        if (str_equal(pairs[n]->key, key))
            return pairs[n];
    return NULL;
}

const char *message_map_get(size_t n, Swarm__Pair *const *pairs, const char *key)
{
    const Swarm__Pair *pair = find_pair(n, pairs, key);
    return pair ? pair->value : NULL;
}

int message_map_put(size_t *n, Swarm__Pair ***pairs, const char *key, const char *value)
{
    Swarm__Pair *old = find_pair(*n, *pairs, key);
    if (old)
        return message_set_string(&old->value, value);
    cleanup_message Swarm__Pair *pair = message_new(&swarm__pair__descriptor);
    if (!pair || message_set_string(&pair->key, key) ||
        message_set_string(&pair->value, value) || message_append(n, pairs, pair))
        return ERR_NO_MEMORY;
    pair = NULL;
    return 0;
}

/* Seconds and nanoseconds as nanoseconds; what doesn't fit becomes the nearest value that
 * does. */
static int64_t to_nanoseconds(int64_t seconds, int32_t nanos)
{
    int64_t t;
    if (__builtin_mul_overflow(seconds, CLOCK_SECOND, &t) ||
        __builtin_add_overflow(t, nanos, &t))
        return seconds < 0 ? INT64_MIN : INT64_MAX;
    return t;
}

int64_t message_time(const Swarm__Timestamp *t, int64_t missing)
{
    return t ? to_nanoseconds(t->seconds, t->nanos) : missing;
}

int64_t message_duration(const Swarm__Duration *d, int64_t missing)
{
    return d ? to_nanoseconds(d->seconds, d->nanos) : missing;
}

int message_set_time(Swarm__Timestamp **field, int64_t t)
{
    if (!*field)
        *field = message_new(&swarm__timestamp__descriptor);
    if (!*field)
        return ERR_NO_MEMORY;
    /* The nanoseconds of a point in time are never negative. */
    int64_t nanos = t % CLOCK_SECOND;
    (*field)->seconds = t / CLOCK_SECOND - (nanos < 0);
    (*field)->nanos = (int32_t)(nanos < 0 ? nanos + CLOCK_SECOND : nanos);
    return 0;
}

int message_set_duration(Swarm__Duration **field, int64_t d)
{
    if (!*field)
        *field = message_new(&swarm__duration__descriptor);
    if (!*field)
        return ERR_NO_MEMORY;
    (*field)->seconds = d / CLOCK_SECOND;
    (*field)->nanos = (int32_t)(d % CLOCK_SECOND);
    return 0;
}
