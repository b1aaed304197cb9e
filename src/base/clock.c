/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

int64_t clock_steady_now(struct clock_steady *c, int64_t real, int64_t monotonic)
{
    int64_t now = clock_after(c->now, monotonic - c->monotonic);
    if (!c->now || real > now)
        now = real;
    *c = (struct clock_steady){.now = now, .monotonic = monotonic};
    return now;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar, and back (H. Hinnant's
 * published formulas). */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = y / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static void civil_from_days(int64_t days, int64_t *y, int64_t *m, int64_t *d)
{
    days += 719468;
    int64_t era = days / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = yoe + era * 400 + (*m <= 2);
}

/* ".5" for 500000000 of 1000000000: the fraction without its trailing zeros; nothing for
 * zero. */
static void format_fraction(int64_t part, int digits, char out[16])
{
    out[0] = '\0';
    if (!part)
        return;
    snprintf(out, 16, ".%0*lld", digits, (long long)part);
    for (size_t n = strlen(out); out[n - 1] == '0'; n--)
        out[n - 1] = '\0';
}

void clock_format_rfc3339(int64_t t, char out[CLOCK_TEXT_SIZE])
{
    int64_t seconds = t / CLOCK_SECOND, nanos = t % CLOCK_SECOND;
    if (nanos < 0) {
        seconds--;
        nanos += CLOCK_SECOND;
    }
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        days--;
        rest += 86400;
    }
    int64_t y, m, d;
    civil_from_days(days, &y, &m, &d);
    char fraction[16];
    format_fraction(nanos, 9, fraction);
    snprintf(out, CLOCK_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", (int)y, (int)m,
             (int)d, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60),
             fraction);
}

/* Reads exactly n digits. */
static bool take_digits(const char **s, int n, int64_t *out)
{
    int64_t value = 0;
    for (int i = 0; i < n; i++, (*s)++) {
        if (**s < '0' || **s > '9')
            return false;
        value = value * 10 + (**s - '0');
    }
    *out = value;
    return true;
}

static bool take_char(const char **s, char c)
{
    if (**s != c)
        return false;
    (*s)++;
    return true;
}

/* Decimals of a second; more than nine are refused. */
static bool take_fraction(const char **s, int64_t *nanos)
{
    *nanos = 0;
    if (!take_char(s, '.'))
        return true;
    int64_t unit = CLOCK_SECOND;
    const char *start = *s;
    for (; **s >= '0' && **s <= '9'; (*s)++) {
        if (unit == 1)
            return false;
        unit /= 10;
        *nanos += (**s - '0') * unit;
    }
    return *s != start;
}

static bool take_offset(const char **s, int64_t *offset)
{
    *offset = 0;
    if (take_char(s, 'Z') || take_char(s, 'z'))
        return true;
    int64_t sign = **s == '-' ? -1 : 1, hours, minutes;
    if (!take_char(s, '+') && !take_char(s, '-'))
        return false;
    if (!take_digits(s, 2, &hours) || !take_char(s, ':') || !take_digits(s, 2, &minutes))
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    *offset = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool take_date(const char **s, int64_t *days)
{
    int64_t y, m, d;
    if (!take_digits(s, 4, &y) || !take_char(s, '-') || !take_digits(s, 2, &m) ||
        !take_char(s, '-') || !take_digits(s, 2, &d))
        return false;
    if (y < 1970 || y > 2261 || m < 1 || m > 12 || d < 1 || d > 31)
        return false;
    *days = days_from_civil(y, m, d);
    int64_t y2, m2, d2;
    civil_from_days(*days, &y2, &m2, &d2);
    return d2 == d && m2 == m;
}

bool clock_parse_rfc3339(const char *s, int64_t *out)
{
    int64_t days, hh, mm, ss, nanos, offset;
    if (!take_date(&s, &days) || (!take_char(&s, 'T') && !take_char(&s, 't')))
        return false;
    if (!take_digits(&s, 2, &hh) || !take_char(&s, ':') || !take_digits(&s, 2, &mm) ||
        !take_char(&s, ':') || !take_digits(&s, 2, &ss))
        return false;
    if (hh > 23 || mm > 59 || ss > 60)
        return false;
    if (!take_fraction(&s, &nanos) || !take_offset(&s, &offset) || *s)
        return false;
    int64_t seconds = days * 86400 + hh * 3600 + mm * 60 + ss - offset;
    *out = seconds * CLOCK_SECOND + nanos;
    return true;
}

void clock_format_duration(int64_t d, char out[CLOCK_TEXT_SIZE])
{
    char fraction[16];
    const char *sign = d < 0 ? "-" : "";
    uint64_t u = d < 0 ? -(uint64_t)d : (uint64_t)d;
    if (u == 0) {
        snprintf(out, CLOCK_TEXT_SIZE, "0s");
    } else if (u < (uint64_t)CLOCK_MICROSECOND) {
        snprintf(out, CLOCK_TEXT_SIZE, "%s%dns", sign, (int)u);
    } else if (u < (uint64_t)CLOCK_MILLISECOND) {
        format_fraction((int64_t)(u % 1000), 3, fraction);
        snprintf(out, CLOCK_TEXT_SIZE, "%s%d%sµs", sign, (int)(u / 1000), fraction);
    } else if (u < (uint64_t)CLOCK_SECOND) {
        format_fraction((int64_t)(u % 1000000), 6, fraction);
        snprintf(out, CLOCK_TEXT_SIZE, "%s%d%sms", sign, (int)(u / 1000000), fraction);
    } else {
        uint64_t seconds = u / (uint64_t)CLOCK_SECOND;
        format_fraction((int64_t)(u % (uint64_t)CLOCK_SECOND), 9, fraction);
        if (seconds >= 3600)
            snprintf(out, CLOCK_TEXT_SIZE, "%s%lluh%dm%d%ss", sign,
                     (unsigned long long)(seconds / 3600), (int)(seconds / 60 % 60),
                     (int)(seconds % 60), fraction);
        else if (seconds >= 60)
            snprintf(out, CLOCK_TEXT_SIZE, "%s%dm%d%ss", sign, (int)(seconds / 60),
                     (int)(seconds % 60), fraction);
        else
            snprintf(out, CLOCK_TEXT_SIZE, "%s%d%ss", sign, (int)seconds, fraction);
    }
}

static int64_t take_unit(const char **s)
{
    static const struct {
        const char *name;
        int64_t size;
    } units[] = {
        {"ns", 1},
        {"us", CLOCK_MICROSECOND},
        {"µs", CLOCK_MICROSECOND},
        {"ms", CLOCK_MILLISECOND},
        {"s", CLOCK_SECOND},
        {"m", CLOCK_MINUTE},
        {"h", CLOCK_HOUR},
    };
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (!str_starts_with(*s, units[i].name))
            continue;
        *s += strlen(units[i].name);
        return units[i].size;
    }
    return 0;
}

/* One "<decimal><unit>" of a duration, added to *sum. */
static bool take_term(const char **s, int64_t *sum)
{
    int64_t whole = 0, part = 0, scale = 1;
    const char *start = *s;
    for (; **s >= '0' && **s <= '9'; (*s)++)
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, **s - '0', &whole))
            return false;
    size_t digits = (size_t)(*s - start);
    if (take_char(s, '.')) {
        for (; **s >= '0' && **s <= '9'; (*s)++, digits++) {
            if (scale >= CLOCK_SECOND)
                continue;
            part = part * 10 + (**s - '0');
            scale *= 10;
        }
    }
    int64_t unit = digits ? take_unit(s) : 0, value;
    if (!unit || __builtin_mul_overflow(whole, unit, &value))
        return false;
    int64_t fraction = (int64_t)((__int128)part * unit / scale);
    return !__builtin_add_overflow(value, fraction, &value) &&
           !__builtin_add_overflow(*sum, value, sum);
}

bool clock_parse_duration(const char *s, int64_t *out)
{
    bool negative = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    int64_t sum = 0;
    if (str_equal(s, "0")) {
        *out = 0;
        return true;
    }
    if (!*s)
        return false;
    while (*s)
        if (!take_term(&s, &sum))
            return false;
    *out = negative ? -sum : sum;
    return true;
}

void clock_format_ago(int64_t d, char out[CLOCK_TEXT_SIZE])
{
    int64_t seconds = d / CLOCK_SECOND, minutes = d / CLOCK_MINUTE;
    int64_t hours = d / CLOCK_HOUR + (d % CLOCK_HOUR >= 30 * CLOCK_MINUTE);
    if (seconds < 1)
        snprintf(out, CLOCK_TEXT_SIZE, "Less than a second");
    else if (seconds == 1)
        snprintf(out, CLOCK_TEXT_SIZE, "1 second");
    else if (seconds < 60)
        snprintf(out, CLOCK_TEXT_SIZE, "%d seconds", (int)seconds);
    else if (minutes == 1)
        snprintf(out, CLOCK_TEXT_SIZE, "About a minute");
    else if (minutes < 60)
        snprintf(out, CLOCK_TEXT_SIZE, "%d minutes", (int)minutes);
    else if (hours == 1)
        snprintf(out, CLOCK_TEXT_SIZE, "About an hour");
    else if (hours < 48)
        snprintf(out, CLOCK_TEXT_SIZE, "%d hours", (int)hours);
    else if (hours < 24 * 14)
        snprintf(out, CLOCK_TEXT_SIZE, "%d days", (int)(hours / 24));
    else if (hours < 24 * 60)
        snprintf(out, CLOCK_TEXT_SIZE, "%d weeks", (int)(hours / 24 / 7));
    else if (hours < 24 * 365 * 2)
        snprintf(out, CLOCK_TEXT_SIZE, "%d months", (int)(hours / 24 / 30));
    else
        snprintf(out, CLOCK_TEXT_SIZE, "%d years", (int)(hours / 24 / 365));
}
