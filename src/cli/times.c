/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/times.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"

static void write_seconds(int64_t t, char out[TIMES_TEXT_SIZE])
{
    snprintf(out, TIMES_TEXT_SIZE, "%lld.%09lld", (long long)(t / CLOCK_SECOND),
             (long long)(t % CLOCK_SECOND));
}

/* Without a zone, the machine's own. */
static bool parse_local(const char *s, int64_t *out)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M",
                                        "%Y-%m-%d"};
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        struct tm tm = {.tm_isdst = -1};
        const char *end = strptime(s, forms[i], &tm);
        if (!end || *end)
            continue;
        time_t seconds = mktime(&tm);
        return seconds >= 0 &&
               !__builtin_mul_overflow((int64_t)seconds, CLOCK_SECOND, out);
    }
    return false;
}

int times_parse(const char *s, int64_t now, char out[TIMES_TEXT_SIZE], struct err *e)
{
    int64_t t;
    bool number = *s && strspn(s, "0123456789.") == strlen(s);
    if (number && strlen(s) < TIMES_TEXT_SIZE) {
        strcpy_cut(out, TIMES_TEXT_SIZE, s);
        return 0;
    }
    if (!number && clock_parse_duration(s, &t) && t >= 0 && t <= now)
        t = now - t;
    else if (!clock_parse_rfc3339(s, &t) && !parse_local(s, &t))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "failed to parse value as time or duration: \"%s\"", s);
    write_seconds(t, out);
    return 0;
}

int64_t times_monotonic(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * CLOCK_SECOND + t.tv_nsec;
}
