/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_server.h"

#include "cli/output.h"
#include "cli/table.h"

/* Tables, lists by --format, what is inspected and what is removed. */

static const struct flag output_flags[] = {FLAG_FORMAT,
                                           FLAG_QUIET,
                                           {"filter", 0, &flag_filter, "", NULL, NULL},
                                           FLAG_PRETTY,
                                           {0}};

static void assert_laid_out(const char *text, const char *expected)
{
    cleanup_buf struct buf out = BUF_INIT;
    assert_int_equal(table_lay_out(text, &out), 0);
    assert_string_equal(buf_str(&out), expected);
}

static void a_column_is_as_wide_as_its_widest_cell(void **state)
{
    (void)state;
    assert_laid_out("ID\tNAME\n1234567890\tb\n", "ID           NAME\n1234567890   b\n");
    assert_laid_out("A\tB\n", "A         B\n");
}

static void characters_count_and_not_bytes(void **state)
{
    (void)state;
    assert_laid_out("\xc3\xa4\xe4\xb8\xad\xf0\x9f\x94\x91\tx\nabc\ty\n",
                    "\xc3\xa4\xe4\xb8\xad\xf0\x9f\x94\x91       x\nabc       y\n");
    assert_int_equal(table_width("\xf0\x9f\x94\x91\xe4\xb8\xad", 7), 2);
}

static void rows_may_have_too_few_cells(void **state)
{
    (void)state;
    assert_laid_out("", "");
    assert_laid_out("\n\n", "\n\n");
    assert_laid_out("alone\na\tb\tc\n", "alone\na         b         c\n");
    assert_laid_out("a\t\tc", "a                   c");
}

/* `coffer x ls FLAG` of two rows. */
static int list(struct fixture *f, const char *flag)
{
    static const char *const headers[] = {"ID", "ID", "Name", "NAME", NULL};
    static const struct listing l = {"{{.ID}}\t{{.Name}}", headers};
    char text[128];
    char *arguments[] = {text, NULL};
    int argc = *flag ? 1 : 0;
    cleanup_json json_t *rows = json_pack("[{s:s, s:s}, {s:s, s:s}]", "ID", "1", "Name",
                                          "\xc3\xa4", "ID", "2", "Name", "b");
    snprintf(text, sizeof(text), "%s", flag);
    flags_deinit(&f->cli.flags);
    free(f->out);
    f->out = NULL;
    assert_int_equal(
        flags_parse(&f->cli.flags, output_flags, false, &argc, arguments, NULL), 0);
    catch_output(f);
    int r = output_list(&f->cli, &l, rows, &f->e);
    end_catch(f);
    flags_deinit(&f->cli.flags);
    return r;
}

static void a_list_is_a_table(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(list(f, ""), 0);
    assert_string_equal(f->out, "ID        NAME\n1         \xc3\xa4\n2         b\n");
    assert_int_equal(list(f, "--format=table"), 0);
    assert_string_equal(f->out, "ID        NAME\n1         \xc3\xa4\n2         b\n");
    assert_int_equal(list(f, "--format=table {{.Name}}\\t{{.ID}}"), 0);
    assert_string_equal(f->out, "NAME      ID\n\xc3\xa4         1\nb         2\n");
}

static void a_list_is_what_its_format_says(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(list(f, "--quiet"), 0);
    assert_string_equal(f->out, "1\n2\n");
    assert_int_equal(list(f, "--format={{.Name}}:{{.ID}}"), 0);
    assert_string_equal(f->out, "\xc3\xa4:1\nb:2\n");
    assert_int_equal(list(f, "--format=json"), 0);
    assert_string_equal(
        f->out, "{\"ID\":\"1\",\"Name\":\"\xc3\xa4\"}\n{\"ID\":\"2\",\"Name\":\"b\"}\n");
}

static void a_bad_format_prints_nothing(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"--format={{", "--format={{.Nosuch}}",
                                      "--format={{nosuch}}", "--format=table {{.ID"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(list(f, bad[i]), ERR_INVALID_ARGUMENT);
        assert_string_equal(f->out, "");
    }
}

static void what_could_not_be_removed_is_told(void **state)
{
    static const struct answer rows[] = {
        {"DELETE /v1.41/secrets/a%2Fb ", .body = ""},
        {"DELETE /v1.41/secrets/used ",
         .raw = "HTTP/1.1 400 No\r\nContent-Length: 20\r\n\r\n{\"message\":\"in use\"}"},
        {"DELETE /v1.41/secrets/last ", .body = ""},
        {0}};
    struct fixture *f = *state;
    char one[] = "a/b", two[] = "used", three[] = "last";
    char *names[] = {one, two, three, NULL};
    use(f, rows);
    f->cli.argv = names;
    f->cli.argc = 3;
    catch_output(f);
    int r = output_remove(&f->cli, "/secrets", &f->e);
    end_catch(f);
    assert_int_equal(r, 0);
    assert_int_equal(f->cli.status, CLI_FAILED);
    assert_string_equal(f->out, "a/b\nlast\n");
}

static int fetch(struct cli *c, const char *name, json_t **out, struct err *e)
{
    (void)c;
    if (*name == 'x')
        return err_set(e, ERR_NOT_FOUND, "no such thing: %s", name);
    *out = json_pack("{s:s}", "Name", name);
    return *out ? 0 : err_no_memory(e);
}

static void what_is_there_is_inspected_and_the_rest_told(void **state)
{
    static const struct inspection i = {.fetch = fetch};
    struct fixture *f = *state;
    char one[] = "a", two[] = "x", three[] = "b";
    char *names[] = {one, two, three, NULL};
    f->cli.argv = names;
    f->cli.argc = 3;
    catch_output(f);
    int r = output_inspect(&f->cli, &i, &f->e);
    end_catch(f);
    assert_int_equal(r, 0);
    assert_int_equal(f->cli.status, CLI_FAILED);
    cleanup_json json_t *printed = json_loads(f->out, 0, NULL);
    assert_int_equal(json_array_size(printed), 2);
}

static void filters_go_into_the_path(void **state)
{
    struct fixture *f = *state;
    static const char *const pairs[] = {"service", "s", "service", "t", NULL};
    cleanup_buf struct buf path = BUF_INIT;
    char one[] = "--filter=label=a=b&c", two[] = "--filter=name=";
    char *arguments[] = {one, two, NULL};
    int argc = 2;
    assert_int_equal(
        flags_parse(&f->cli.flags, output_flags, false, &argc, arguments, NULL), 0);
    assert_int_equal(output_filters(&path, '?', &f->cli.flags, pairs), 0);
    assert_string_equal(
        buf_str(&path),
        "?filters=%7B%22label%22%3A%7B%22a%3Db%26c%22%3Atrue%7D%2C%22name%22%3A%7B%22"
        "%22%3Atrue%7D%2C%22service%22%3A%7B%22s%22%3Atrue%2C%22t%22%3Atrue%7D%7D");
    buf_reset(&path);
    assert_int_equal(output_filters(&path, '&', NULL, NULL), 0);
    assert_int_equal(path.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLI_TEST(a_column_is_as_wide_as_its_widest_cell),
        CLI_TEST(characters_count_and_not_bytes),
        CLI_TEST(rows_may_have_too_few_cells),
        CLI_TEST(a_list_is_a_table),
        CLI_TEST(a_list_is_what_its_format_says),
        CLI_TEST(a_bad_format_prints_nothing),
        CLI_TEST(what_could_not_be_removed_is_told),
        CLI_TEST(what_is_there_is_inspected_and_the_rest_told),
        CLI_TEST(filters_go_into_the_path),
    };
    return cmocka_run_group_tests(tests, set_up_libraries, NULL);
}
