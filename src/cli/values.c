/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/values.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/flags.h"

int value_bool(const char *s, bool *out, struct err *e)
{
    static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
    static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};
    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        if (!str_equal(s, yes[i]) && !str_equal(s, no[i]))
            continue;
        *out = str_equal(s, yes[i]);
        return 0;
    }
    return err_set(e, ERR_INVALID_ARGUMENT,
                   "strconv.ParseBool: parsing \"%s\": invalid syntax", s);
}

int value_uint(const char *s, uint64_t *out, struct err *e)
{
    if (str_to_u64(s, out))
        return 0;
    return err_set(e, ERR_INVALID_ARGUMENT,
                   "strconv.ParseUint: parsing \"%s\": invalid syntax", s);
}

int value_int(const char *s, int64_t *out, struct err *e)
{
    uint64_t n;
    bool negative = s[0] == '-';
    if (str_to_u64(s + negative, &n) && n <= INT64_MAX) {
        *out = negative ? -(int64_t)n : (int64_t)n;
        return 0;
    }
    return err_set(e, ERR_INVALID_ARGUMENT,
                   "strconv.ParseInt: parsing \"%s\": invalid syntax", s);
}

int value_float(const char *s, double *out, struct err *e)
{
    char *end = NULL;
    double d =
        isdigit((unsigned char)s[0]) || s[0] == '.' || s[0] == '-' ? strtod(s, &end) : 0;
    if (!end || end == s || *end || !isfinite(d))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "strconv.ParseFloat: parsing \"%s\": invalid syntax", s);
    *out = d;
    return 0;
}

/* "D*[.D*]" with up to `decimals` of them, as a whole number of the last one's units. */
static bool read_fixed(const char *s, size_t n, int decimals, int64_t *out)
{
    uint64_t value = 0;
    int seen = -1; /* decimals so far; -1 before the point */
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '.' && seen < 0) {
            seen = 0;
            continue;
        }
        if (!isdigit((unsigned char)s[i]) || (seen >= 0 && seen++ == decimals))
            return false;
        any = true;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s[i] - '0'), &value))
            return false;
    }
    for (int i = seen < 0 ? 0 : seen; i < decimals; i++)
        if (__builtin_mul_overflow(value, 10, &value))
            return false;
    *out = (int64_t)value;
    return any && value <= INT64_MAX;
}

int value_cpus(const char *s, int64_t *nanos, struct err *e)
{
    if (read_fixed(s, strlen(s), 9, nanos))
        return 0;
    const char *point = strchr(s, '.');
    if (point && strlen(point) > 10 && strspn(s, "0123456789.") == strlen(s))
        return err_set(e, ERR_INVALID_ARGUMENT, "value is too precise");
    return err_set(e, ERR_INVALID_ARGUMENT, "failed to parse %s as a rational number", s);
}

/* The unit behind a size: "k", "kb", "KiB", " b". -1 when it isn't one. */
static int unit_shift(const char *unit)
{
    static const char letters[] = "kmgtp";
    if (*unit == ' ')
        unit++;
    if (str_is_empty(unit) || str_equal_nocase(unit, "b"))
        return 0;
    const char *letter = strchr(letters, tolower((unsigned char)*unit));
    unit++;
    if (!letter ||
        (*unit && !str_equal_nocase(unit, "b") && !str_equal_nocase(unit, "ib")))
        return -1;
    return (int)(letter - letters + 1) * 10;
}

int value_bytes(const char *s, int64_t *out, struct err *e)
{
    size_t n = strspn(s, "0123456789.");
    int shift = unit_shift(s + n);
    int64_t thousandths, scaled = 0;
    bool ok = shift >= 0 && read_fixed(s, n, 3, &thousandths) &&
              !__builtin_mul_overflow(thousandths, INT64_C(1) << shift, &scaled);
    if (!ok)
        return err_set(e, ERR_INVALID_ARGUMENT, "invalid size: '%s'", s);
    *out = scaled / 1000;
    return 0;
}

int value_duration(const char *s, int64_t *out, struct err *e)
{
    if (clock_parse_duration(s, out))
        return 0;
    return err_set(e, ERR_INVALID_ARGUMENT, "time: invalid duration \"%s\"", s);
}

int value_mode(const char *s, uint32_t *out, struct err *e)
{
    uint32_t mode = 0;
    size_t n = strlen(s);
    bool ok = n > 0 && n <= 5 && strspn(s, "01234567") == n;
    for (size_t i = 0; ok && i < n; i++)
        mode = mode * 8 + (uint32_t)(s[i] - '0');
    if (!ok || mode > 07777)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "invalid mode specified: strconv.ParseUint: parsing \"%s\": "
                       "invalid syntax",
                       s);
    *out = mode;
    return 0;
}

/* ---- the types of flags ---- */

static int check_bool(const char *s, struct err *e)
{
    bool b;
    return value_bool(s, &b, e);
}

static int check_uint(const char *s, struct err *e)
{
    uint64_t n;
    return value_uint(s, &n, e);
}

static int check_int(const char *s, struct err *e)
{
    int64_t n;
    return value_int(s, &n, e);
}

static int check_float(const char *s, struct err *e)
{
    double d;
    return value_float(s, &d, e);
}

static int check_decimal(const char *s, struct err *e)
{
    int64_t n;
    return value_cpus(s, &n, e);
}

static int check_bytes(const char *s, struct err *e)
{
    int64_t n;
    return value_bytes(s, &n, e);
}

static int check_duration(const char *s, struct err *e)
{
    int64_t n;
    return value_duration(s, &n, e);
}

static int check_filter(const char *s, struct err *e)
{
    if (strchr(s, '='))
        return 0;
    return err_set(e, ERR_INVALID_ARGUMENT, "bad format of filter (expected name=value)");
}

static int check_label(const char *s, struct err *e)
{
    if (*s && *s != '=')
        return 0;
    return err_set(e, ERR_INVALID_ARGUMENT, "invalid label '%s': empty name", s);
}

const struct flag_type flag_switch = {NULL, check_bool};
const struct flag_type flag_string = {"string", NULL};
const struct flag_type flag_list = {"list", NULL};
const struct flag_type flag_command = {"command", NULL};
const struct flag_type flag_uint = {"uint", check_uint};
const struct flag_type flag_int = {"int", check_int};
const struct flag_type flag_float = {"float", check_float};
const struct flag_type flag_decimal = {"decimal", check_decimal};
const struct flag_type flag_bytes = {"bytes", check_bytes};
const struct flag_type flag_duration = {"duration", check_duration};
const struct flag_type flag_filter = {"filter", check_filter};
const struct flag_type flag_label = {"list", check_label};
