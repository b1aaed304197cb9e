/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times as JSON has them. A Timestamp goes from year 1 to year 9999, of which an int64_t
 * of nanoseconds (base/clock.h) has only a part: year 1 is what Go programs send for a
 * time that was never set.
 */
#include <string.h>

#include "base/str.h"
#include "wire/message_json_private.h"

#define DAY INT64_C(86400)
#define FIRST_SECOND INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST_SECOND INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */
#define DURATION_MAX INT64_C(315576000000) /* seconds; about 10,000 years */
#define NANOS 1000000000

enum time_kind message_json_time_kind(const ProtobufCMessageDescriptor *type)
{
    if (str_equal(type->name, "google.protobuf.Timestamp"))
        return TIME_POINT;
    return str_equal(type->name, "google.protobuf.Duration") ? TIME_DURATION : TIME_NONE;
}

/* ---- the calendar: years begin in March, so that a leap day is a year's last ---- */

/* Days from 1970-01-01. */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t century = y / 100, m = (month + 9) % 12;
    int64_t before = y * 365 + y / 4 - century + century / 4 + (m * 153 + 2) / 5;
    return before + day - 1 - 719468;
}

static int month_length(int64_t year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return lengths[month - 1] + (month == 2 && is_leap);
}

/* The inverse of days_of, from year 1 on. */
static void date_of(int64_t days, int64_t *year, int *month, int *day)
{
    *year = 1970 + days / 366 - (days < 0);
    while (days_of(*year + 1, 1, 1) <= days)
        ++*year;
    while (days_of(*year, 1, 1) > days)
        --*year;
    int64_t rest = days - days_of(*year, 1, 1);
    for (*month = 1; rest >= month_length(*year, *month); ++*month)
        rest -= month_length(*year, *month);
    *day = (int)rest + 1;
}

/* ---- writing ---- */

/* Decimals in threes, as many as are needed. */
static void format_fraction(uint32_t nanos, char out[16])
{
    if (nanos == 0)
        out[0] = '\0';
    else if (nanos % 1000000 == 0)
        snprintf(out, 16, ".%03u", nanos / 1000000);
    else if (nanos % 1000 == 0)
        snprintf(out, 16, ".%06u", nanos / 1000);
    else
        snprintf(out, 16, ".%09u", nanos);
}

static bool format_point(int64_t seconds, int32_t nanos, char out[TIME_TEXT_SIZE])
{
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND || nanos < 0 || nanos >= NANOS)
        return false;
    char fraction[16];
    int64_t days = (seconds - FIRST_SECOND) / DAY + FIRST_SECOND / DAY;
    int64_t rest = seconds - days * DAY, year;
    int month, day;
    date_of(days, &year, &month, &day);
    format_fraction((uint32_t)nanos, fraction);
    snprintf(out, TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", (int)year, month,
             day, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60), fraction);
    return true;
}

static bool format_duration(int64_t seconds, int32_t nanos, char out[TIME_TEXT_SIZE])
{
    if (seconds < -DURATION_MAX || seconds > DURATION_MAX || nanos <= -NANOS ||
        nanos >= NANOS || (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0))
        return false;
    char fraction[16];
    bool is_negative = seconds < 0 || nanos < 0;
    format_fraction((uint32_t)(nanos < 0 ? -nanos : nanos), fraction);
    snprintf(out, TIME_TEXT_SIZE, "%s%lld%ss", is_negative ? "-" : "",
             (long long)(seconds < 0 ? -seconds : seconds), fraction);
    return true;
}

bool message_json_format_time(enum time_kind kind, int64_t seconds, int32_t nanos,
                              char out[TIME_TEXT_SIZE])
{
    return kind == TIME_POINT ? format_point(seconds, nanos, out)
                              : format_duration(seconds, nanos, out);
}

/* ---- reading ---- */

/* Exactly n digits; moves *s behind them. */
static bool read_digits(const char **s, int n, int *out)
{
    *out = 0;
    for (int i = 0; i < n; i++, ++*s) {
        if (**s < '0' || **s > '9')
            return false;
        *out = *out * 10 + (**s - '0');
    }
    return true;
}

static bool read_char(const char **s, char wanted)
{
    if (**s != wanted)
        return false;
    ++*s;
    return true;
}

/* "" or a point and one to nine digits. */
static bool read_fraction(const char **s, int32_t *nanos)
{
    *nanos = 0;
    if (!read_char(s, '.'))
        return true;
    size_t n = strspn(*s, "0123456789");
    if (n < 1 || n > 9)
        return false;
    for (size_t i = 0; i < 9; i++)
        *nanos = *nanos * 10 + (i < n ? (*s)[i] - '0' : 0);
    *s += n;
    return true;
}

/* "Z" or "+01:30", in seconds. */
static bool read_offset(const char **s, int *offset)
{
    int hours, minutes;
    *offset = 0;
    if (read_char(s, 'Z') || read_char(s, 'z'))
        return true;
    bool is_west = **s == '-';
    if ((!is_west && **s != '+') || !*++*s || !read_digits(s, 2, &hours) ||
        !read_char(s, ':') || !read_digits(s, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *offset = (hours * 60 + minutes) * (is_west ? -60 : 60);
    return true;
}

static bool read_date(const char **s, int64_t *days)
{
    int year, month, day;
    if (!read_digits(s, 4, &year) || !read_char(s, '-') || !read_digits(s, 2, &month) ||
        !read_char(s, '-') || !read_digits(s, 2, &day))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_length(year, month))
        return false;
    *days = days_of(year, month, day);
    return true;
}

static bool parse_point(const char *s, int64_t *seconds, int32_t *nanos)
{
    int64_t days;
    int hour, minute, second, offset;
    if (!read_date(&s, &days) || !(read_char(&s, 'T') || read_char(&s, 't')) ||
        !read_digits(&s, 2, &hour) || !read_char(&s, ':') ||
        !read_digits(&s, 2, &minute) || !read_char(&s, ':') ||
        !read_digits(&s, 2, &second) || !read_fraction(&s, nanos) ||
        !read_offset(&s, &offset) || *s)
        return false;
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *seconds = days * DAY + (hour * 60 + minute) * 60 + second - offset;
    return *seconds >= FIRST_SECOND && *seconds <= LAST_SECOND;
}

static bool parse_duration(const char *s, int64_t *seconds, int32_t *nanos)
{
    bool is_negative = read_char(&s, '-');
    size_t n = strspn(s, "0123456789");
    if (n < 1 || n > 12)
        return false;
    for (*seconds = 0; n--; s++)
        *seconds = *seconds * 10 + (*s - '0');
    if (!read_fraction(&s, nanos) || !read_char(&s, 's') || *s || *seconds > DURATION_MAX)
        return false;
    if (is_negative) {
        *seconds = -*seconds;
        *nanos = -*nanos;
    }
    return true;
}

bool message_json_parse_time(enum time_kind kind, const char *s, int64_t *seconds,
                             int32_t *nanos)
{
    return kind == TIME_POINT ? parse_point(s, seconds, nanos)
                              : parse_duration(s, seconds, nanos);
}
