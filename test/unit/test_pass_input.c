/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "fault_malloc.h"
#include "pass/plain_text.h"
#include "pass/prompt_line.h"
#include "pass/set_input.h"
#include "pass/settings.h"

/* ---- what is typed ---- */

/* Feeds the keys one by one, or (piece 0) all at once. */
static int type(const char *keys, size_t piece, struct buf *secret, struct buf *shown,
                struct err *e)
{
    struct prompt_line line = PROMPT_LINE_INIT;
    size_t n = strlen(keys);
    bool done = false;
    int r = 0;
    for (size_t at = 0; at < n && !r; at += piece ? piece : n)
        r = prompt_line_feed(&line, keys + at, piece ? piece : n, shown, &done, e);
    if (!r && done)
        r = buf_append(secret, line.text.data, line.text.len);
    prompt_line_deinit(&line);
    return r;
}

static void expect_typed(const char *keys, const char *secret, const char *stars)
{
    for (size_t piece = 0; piece < 2; piece++) {
        cleanup_buf struct buf text = BUF_INIT, shown = BUF_INIT;
        assert_int_equal(type(keys, piece, &text, &shown, NULL), 0);
        assert_string_equal(buf_str(&text), secret);
        assert_string_equal(buf_str(&shown), stars);
    }
}

static void expect_refused(const char *keys, int code, const char *words)
{
    cleanup_buf struct buf text = BUF_INIT, shown = BUF_INIT;
    struct err e = {0};
    assert_int_equal(type(keys, 0, &text, &shown, &e), code);
    assert_string_equal(e.text, words);
}

static void characters_show_as_stars(void **state)
{
    expect_typed("ab\xc3\xbc\r", "ab\xc3\xbc", "***");
    expect_typed("a b\n", "a b", "***");
}

static void keys_that_edit_delete_characters(void **state)
{
    expect_typed("a\xc3\xbc\x7f\x7f\x7fx\r", "x", "**\b \b\b \b*");
    expect_typed("ab\x15x\r", "x", "**\b \b\b \b*");
}

static void pasted_text_is_taken_as_it_is(void **state)
{
    expect_typed("\033[200~p w\033[201~x\r", "p wx", "****");
    expect_refused("\033[200~a\nb\033[201~\r", ERR_INVALID_ARGUMENT,
                   "the pasted text has several lines: use standard input");
}

static void what_can_be_no_secret_is_refused(void **state)
{
    expect_refused("\r", ERR_INVALID_ARGUMENT, "the secret is empty");
    expect_refused("a\x03", ERR_CANCELED, "canceled");
    expect_refused("a\x04", ERR_INVALID_ARGUMENT,
                   "the input ended before a secret was there");
    expect_refused("a\x01", ERR_INVALID_ARGUMENT, "the secret has a control character");
    expect_refused("\033[A", ERR_INVALID_ARGUMENT, "the secret has a control character");
    expect_refused("\xff\r", ERR_INVALID_ARGUMENT, "the secret isn't valid UTF-8");
    expect_refused("a\rb", ERR_INVALID_ARGUMENT, "there is more behind the line's end");
}

/* ---- standard input ---- */

static void expect_input(const char *input, const char *value, const char *metadata)
{
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_secret_envelope struct secret_envelope s = {0};
    assert_int_equal(buf_append_str(&text, input), 0);
    assert_int_equal(set_input_read(&text, &s, NULL), 0);
    assert_string_equal(buf_str(&text), value);
    const char *got = secret_envelope_get(&s, "k");
    assert_string_equal(got ? got : "", metadata);
}

static void an_object_with_a_secret_stands_for_it(void **state)
{
    expect_input("{\"secret\":\"s\"}", "s", "");
    expect_input("{\"secret\":\"s\",\"metadata\":{\"k\":\"v\"},\"more\":1}\n", "s", "v");
    expect_input("{\"secret\":\"s\",\"metadata\":null}", "s", "");
}

static void everything_else_is_the_value(void **state)
{
    static const char *const inputs[] = {
        "",
        "x\n",
        "{\"secret\":\"\"}",
        "[\"s\"]",
        "{\"a\":\"b\"}",
        "{\"secret\":1}",
        "{\"secret",
        "\"s\"",
        "{\"secret\":\"s\",\"metadata\":{\"k\":1}}",
        "{\"secret\":\"s\",\"metadata\":[]}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(inputs); i++)
        expect_input(inputs[i], inputs[i], "");
}

static int read_form(void *user)
{
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_secret_envelope struct secret_envelope s = {0};
    if (buf_append_str(&text, "{\"secret\":\"s\",\"metadata\":{\"k\":\"v\"}}"))
        return ERR_NO_MEMORY;
    return set_input_read(&text, &s, NULL);
}

static void every_allocation_may_fail(void **state)
{
    assert_true(fault_malloc_each(read_form, NULL) > 3);
}

/* ---- settings and environment ---- */

static void expect_setting(const char *text, const char *wanted)
{
    cleanup_buf struct buf out = BUF_INIT;
    assert_int_equal(settings_replace(text, "store", "file", &out), 0);
    assert_string_equal(buf_str(&out), wanted);
}

static void one_setting_is_replaced(void **state)
{
    expect_setting("", "store = file\n");
    expect_setting("# store = x\nstore=keychain\ncache = 1",
                   "# store = x\ncache = 1\nstore = file\n");
    expect_setting(" store\t= a\nstores = b\nstore = c\n", "stores = b\nstore = file\n");
}

static void settings_that_are_no_text_stay_as_they_are(void **state)
{
    static const char bytes[] = "idle = 1\0store = file\n";
    char folder[] = "/tmp/pass-input-XXXXXX", path[64];
    cleanup_buf struct buf now = BUF_INIT;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/engine.conf", folder);
    setenv("COFFER_HOME", folder, 1);
    assert_int_equal(file_write(path, 0600, bytes, sizeof(bytes) - 1, NULL), 0);
    assert_int_equal(settings_write("store", "auto", NULL), ERR_DATA_LOSS);
    assert_int_equal(file_read(path, SETTINGS_MAX, &now, NULL), 0);
    assert_memory_equal(now.data, bytes, sizeof(bytes) - 1);
    unsetenv("COFFER_HOME");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- what others said ---- */

static void expect_plain(const char *text, const char *kept, const char *wanted)
{
    cleanup_buf struct buf out = BUF_INIT;
    assert_int_equal(plain_text_append(&out, text, strlen(text), kept), 0);
    assert_string_equal(buf_str(&out), wanted);
}

static void a_terminal_gets_no_orders_of_others(void **state)
{
    (void)state;
    expect_plain("two\nlines\t\x1b[31m\a\x7f", "\n\t", "two\nlines\t?[31m??");
    expect_plain("two\nlines", "", "two?lines");
    expect_plain("\xc3\xa9 \xc2\xa0 \xc2\x9b"
                 "31m",
                 "", "\xc3\xa9 \xc2\xa0 ?31m");
    expect_plain("\x9b"
                 "31m \xff\xc3",
                 "", "?31m ??");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_that_are_no_text_stay_as_they_are),
        cmocka_unit_test(a_terminal_gets_no_orders_of_others),
        cmocka_unit_test(characters_show_as_stars),
        cmocka_unit_test(keys_that_edit_delete_characters),
        cmocka_unit_test(pasted_text_is_taken_as_it_is),
        cmocka_unit_test(what_can_be_no_secret_is_refused),
        cmocka_unit_test(an_object_with_a_secret_stands_for_it),
        cmocka_unit_test(everything_else_is_the_value),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(one_setting_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
