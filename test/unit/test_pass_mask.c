/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "fault_malloc.h"
#include "pass/mask.h"

static struct mask *mask_of(const char *const *values)
{
    struct mask *m = NULL;
    assert_int_equal(mask_new(&m, NULL), 0);
    for (; *values; values++)
        assert_int_equal(mask_add(m, *values, strlen(*values), NULL), 0);
    return m;
}

#define MASK(...) mask_of((const char *const[]){__VA_ARGS__, NULL})

/* The text in pieces of so many bytes. */
static void filter(const struct mask *m, const char *text, size_t piece, struct buf *out)
{
    struct mask_stream s;
    size_t n = strlen(text);
    assert_int_equal(mask_stream_init(&s, m, NULL), 0);
    for (size_t at = 0; at < n; at += piece)
        assert_int_equal(
            mask_stream_feed(&s, text + at, n - at < piece ? n - at : piece, out), 0);
    assert_int_equal(mask_stream_flush(&s, out), 0);
    assert_false(mask_stream_holds(&s));
    mask_stream_deinit(&s);
}

static void expect(struct mask *m, const char *text, const char *wanted)
{
    for (size_t piece = 1; piece <= strlen(text); piece++) {
        cleanup_buf struct buf out = BUF_INIT;
        filter(m, text, piece, &out);
        assert_string_equal(buf_str(&out), wanted);
    }
    mask_free(m);
}

static void a_value_is_hidden_wherever_it_is_cut(void **state)
{
    expect(MASK("secret"), "a secret, secre, ssecrett",
           "a **********, secre, s**********t");
    expect(MASK("aab"), "aaab aaaa aab", "a********** aaaa **********");
}

static void values_that_overlap_or_touch_are_one_mask(void **state)
{
    expect(MASK("abab"), "xababab", "x**********");
    expect(MASK("abc", "cde"), "abcde.abcabc", "**********.**********");
    expect(MASK("bc", "abcd"), "abce", "a**********e");
}

static void line_ends_at_the_end_dont_count(void **state)
{
    expect(MASK("value\r\n", "\n", ""), "value\nvalues\n\n",
           "**********\n**********s\n\n");
}

static void lines_of_a_value_are_hidden_too(void **state)
{
    expect(MASK("long line 1\nshort\nlong line 2\n"),
           "long line 1\r\nshort\r\nlong line 2", "**********\r\nshort\r\n**********");
    expect(MASK("long line 1\nshort\nlong line 2\n"), "long line 1\nshort\nlong line 2\n",
           "**********\n");
}

static void what_is_held_goes_out_when_asked(void **state)
{
    struct mask *m = MASK("secret");
    struct mask_stream s;
    cleanup_buf struct buf out = BUF_INIT;
    assert_int_equal(mask_stream_init(&s, m, NULL), 0);
    assert_int_equal(mask_stream_feed(&s, "a sec", 5, &out), 0);
    assert_string_equal(buf_str(&out), "a ");
    assert_true(mask_stream_holds(&s));
    assert_int_equal(mask_stream_flush(&s, &out), 0);
    assert_string_equal(buf_str(&out), "a sec");
    mask_stream_deinit(&s);
    mask_free(m);
}

/* ---- against the plain way to do it ---- */

static void plain_filter(const char *const *values, const char *text, struct buf *out)
{
    char hidden[64] = {0};
    for (; *values; values++)
        for (const char *p = text; (p = strstr(p, *values)); p++)
            memset(hidden + (p - text), 1, strlen(*values));
    for (size_t i = 0; text[i]; i++)
        if (!hidden[i])
            assert_int_equal(buf_append_char(out, text[i]), 0);
        else if (!i || !hidden[i - 1])
            assert_int_equal(buf_append_str(out, MASK_TEXT), 0);
}

/* The n-th text over two letters. */
static void nth_text(unsigned n, char out[16])
{
    size_t len = 0;
    for (n++; n > 1; n >>= 1)
        out[len++] = n & 1 ? 'a' : 'b';
    out[len] = '\0';
}

static void all_small_values_in_all_small_texts(void **state)
{
    for (unsigned v = 1; v < 31; v++)
        for (unsigned w = v; w < 31; w += 5) {
            char a[16], b[16], text[16];
            nth_text(v, a);
            nth_text(w, b);
            const char *const values[] = {a, b, NULL};
            struct mask *m = mask_of(values);
            for (unsigned t = 0; t < 1023; t += 3) {
                cleanup_buf struct buf got = BUF_INIT, wanted = BUF_INIT;
                nth_text(t, text);
                filter(m, text, 1 + t % 4, &got);
                plain_filter(values, text, &wanted);
                assert_string_equal(buf_str(&got), buf_str(&wanted));
            }
            mask_free(m);
        }
}

static int filter_once(void *user)
{
    struct mask *m = NULL;
    struct mask_stream s = {0};
    cleanup_buf struct buf out = BUF_INIT;
    int r = mask_new(&m, NULL);
    if (!r)
        r = mask_add(m, "secret", 6, NULL);
    if (!r)
        r = mask_stream_init(&s, m, NULL);
    if (!r)
        r = mask_stream_feed(&s, "a secret sec", 12, &out);
    if (!r)
        r = mask_stream_flush(&s, &out);
    mask_stream_deinit(&s);
    mask_free(m);
    return r;
}

static void every_allocation_may_fail(void **state)
{
    assert_true(fault_malloc_each(filter_once, NULL) > 5);
}

static void there_are_limits(void **state)
{
    struct mask *m = NULL;
    assert_int_equal(mask_new(&m, NULL), 0);
    cleanup_free char *large = calloc(1, MASK_BYTES_MAX + 1);
    memset(large, 'x', MASK_BYTES_MAX + 1);
    assert_int_equal(mask_add(m, large, MASK_BYTES_MAX + 1, NULL),
                     ERR_RESOURCE_EXHAUSTED);
    mask_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_hidden_wherever_it_is_cut),
        cmocka_unit_test(values_that_overlap_or_touch_are_one_mask),
        cmocka_unit_test(line_ends_at_the_end_dont_count),
        cmocka_unit_test(lines_of_a_value_are_hidden_too),
        cmocka_unit_test(what_is_held_goes_out_when_asked),
        cmocka_unit_test(all_small_values_in_all_small_texts),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(there_are_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
