/* SPDX-License-Identifier: Apache-2.0 */
#include "api/time.h"

#include "base/str.h"

#define DECIMALS 9

/* ".5" as nanoseconds; false when it isn't one to nine digits. */
static bool parse_decimals(const char *s, int64_t *out)
{
    size_t n = strlen(s);
    uint64_t value;
    if (n > DECIMALS || !str_to_u64(s, &value))
        return false;
    for (; n < DECIMALS; n++)
        value *= 10;
    *out = (int64_t)value;
    return true;
}

bool api_time_parse(const char *s, int64_t *out)
{
    char seconds[24];
    const char *point = strchr(s, '.');
    size_t n = point ? (size_t)(point - s) : strlen(s);
    int64_t whole, rest = 0;
    if (clock_parse_rfc3339(s, out))
        return true;
    if (n >= sizeof(seconds))
        return false;
    memcpy(seconds, s, n);
    seconds[n] = '\0';
    if (!str_to_i64(seconds, &whole) || (point && !parse_decimals(point + 1, &rest)))
        return false;
    if (whole < 0 || whole > INT64_MAX / CLOCK_SECOND - 1)
        return false;
    *out = whole * CLOCK_SECOND + rest;
    return true;
}

void api_time_format(int64_t t, char out[CLOCK_TEXT_SIZE])
{
    char whole[CLOCK_TEXT_SIZE];
    clock_format_rfc3339(t - t % CLOCK_SECOND, whole);
    whole[strcspn(whole, "Z")] = '\0';
    snprintf(out, CLOCK_TEXT_SIZE, "%.30s.%09dZ", whole, (int)(t % CLOCK_SECOND));
}
