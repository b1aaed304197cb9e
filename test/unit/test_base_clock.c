/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/clock.h"

static void points_in_time_are_written_as_go_writes_them(void **state)
{
    static const struct {
        int64_t t;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {1, "1970-01-01T00:00:00.000000001Z"},
        {-1, "1969-12-31T23:59:59.999999999Z"},
        {INT64_C(951782400) * CLOCK_SECOND, "2000-02-29T00:00:00Z"},
        {INT64_C(1795308553500000000), "2026-11-22T00:49:13.5Z"},
        {INT64_C(1795308553120000000), "2026-11-22T00:49:13.12Z"},
        {INT64_MAX, "2262-04-11T23:47:16.854775807Z"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[CLOCK_TEXT_SIZE];
        clock_format_rfc3339(cases[i].t, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void points_in_time_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t t;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00z", 0},
        {"2026-11-22T00:49:13.5Z", INT64_C(1795308553500000000)},
        {"2026-11-22T02:49:13.5+02:00", INT64_C(1795308553500000000)},
        {"2026-11-21T19:19:13.500000000-05:30", INT64_C(1795308553500000000)},
        {"2000-02-29T00:00:00Z", INT64_C(951782400) * CLOCK_SECOND},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t t;
        assert_true(clock_parse_rfc3339(cases[i].text, &t));
        assert_int_equal(t, cases[i].t);
    }
}

static void what_is_no_point_in_time_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "x",
        "2026-11-22",
        "2026-11-22T00:49:13",
        "2026-11-22T00:49:13.Z",
        "2026-11-22T00:49:13.1234567890Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T00:60:00Z",
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2262-01-01T00:00:00Z",
        "2026-11-22T00:49:13Zx",
        "2026-11-22T00:49:13+2:00",
        "2026-11-22T00:49:13+24:00",
        "2026-11-22 00:49:13Z",
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t t = 42;
        assert_false(clock_parse_rfc3339(cases[i], &t));
        assert_int_equal(t, 42);
    }
}

static void durations_are_written_as_go_writes_them(void **state)
{
    static const struct {
        int64_t d;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {1, "1ns"},
        {1100, "1.1µs"},
        {250 * CLOCK_MILLISECOND, "250ms"},
        {1500 * CLOCK_MILLISECOND, "1.5s"},
        {-1500 * CLOCK_MILLISECOND, "-1.5s"},
        {CLOCK_MINUTE, "1m0s"},
        {CLOCK_HOUR, "1h0m0s"},
        {90 * 24 * CLOCK_HOUR, "2160h0m0s"},
        {CLOCK_HOUR + 2 * CLOCK_MINUTE + 3 * CLOCK_SECOND + 4, "1h2m3.000000004s"},
        {INT64_MIN, "-2562047h47m16.854775808s"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[CLOCK_TEXT_SIZE];
        clock_format_duration(cases[i].d, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void durations_are_read_as_go_reads_them(void **state)
{
    static const struct {
        const char *text;
        int64_t d;
    } cases[] = {
        {"0", 0},
        {"-0", 0},
        {"1h30m", 90 * CLOCK_MINUTE},
        {"1.5s", 1500 * CLOCK_MILLISECOND},
        {"-1.5s", -1500 * CLOCK_MILLISECOND},
        {"+5s", 5 * CLOCK_SECOND},
        {".5s", 500 * CLOCK_MILLISECOND},
        {"1.s", CLOCK_SECOND},
        {"3us", 3 * CLOCK_MICROSECOND},
        {"3µs", 3 * CLOCK_MICROSECOND},
        {"10ms7ns", 10 * CLOCK_MILLISECOND + 7},
        {"0.3333333333333333333h", 1199999998800},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t d;
        assert_true(clock_parse_duration(cases[i].text, &d));
        assert_int_equal(d, cases[i].d);
    }
}

static void what_is_no_duration_is_refused(void **state)
{
    static const char *const cases[] = {
        "", "-", "+", "5", "s", ".s", "5x", "5 s", "1h-5m", "9223372037s", "99999999999h",
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t d = 42;
        assert_false(clock_parse_duration(cases[i], &d));
        assert_int_equal(d, 42);
    }
}

static void ages_have_the_words_of_dockers_tables(void **state)
{
    static const struct {
        int64_t d;
        const char *text;
    } cases[] = {
        {0, "Less than a second"},          {CLOCK_SECOND, "1 second"},
        {59 * CLOCK_SECOND, "59 seconds"},  {CLOCK_MINUTE, "About a minute"},
        {2 * CLOCK_MINUTE, "2 minutes"},    {CLOCK_HOUR, "About an hour"},
        {2 * CLOCK_HOUR, "2 hours"},        {3 * 24 * CLOCK_HOUR, "3 days"},
        {14 * 24 * CLOCK_HOUR, "2 weeks"},  {90 * 24 * CLOCK_HOUR, "3 months"},
        {800 * 24 * CLOCK_HOUR, "2 years"}, {INT64_MAX, "292 years"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[CLOCK_TEXT_SIZE];
        clock_format_ago(cases[i].d, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void steady_time_follows_real_time_but_never_back(void **state)
{
    struct clock_steady c = {0};
    assert_int_equal(clock_steady_now(&c, 1000, 50), 1000);
    assert_int_equal(clock_steady_now(&c, 1010, 60), 1010);
    /* Set back: what went by counts. */
    assert_int_equal(clock_steady_now(&c, 500, 65), 1015);
    assert_int_equal(clock_steady_now(&c, 510, 75), 1025);
    /* It has caught up, or was set forward. */
    assert_int_equal(clock_steady_now(&c, 1030, 76), 1030);
    assert_int_equal(clock_steady_now(&c, 9000, 77), 9000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_in_time_are_written_as_go_writes_them),
        cmocka_unit_test(points_in_time_are_read),
        cmocka_unit_test(what_is_no_point_in_time_is_refused),
        cmocka_unit_test(durations_are_written_as_go_writes_them),
        cmocka_unit_test(durations_are_read_as_go_reads_them),
        cmocka_unit_test(what_is_no_duration_is_refused),
        cmocka_unit_test(steady_time_follows_real_time_but_never_back),
        cmocka_unit_test(ages_have_the_words_of_dockers_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
