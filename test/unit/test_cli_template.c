/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "cli/client.h"
#include "cli/table.h"
#include "cli/template.h"
#include "fault_malloc.h"

static const char data_text[] =
    "{\"Name\": \"web\", \"N\": 3, \"On\": true, \"Off\": false, \"Nil\": null, "
    "\"Real\": 0.5,"
    " \"List\": [\"a\", \"b\", \"c\"], \"Empty\": [], \"Labels\": {\"y\": \"2\", \"x\": "
    "\"1\"}, \"Deep\": {\"er\": {\"v\": \"end\"}}, \".Label\": {\"k\": \"hidden\"}}";

static int run(const char *template, bool strict, struct buf *out, struct err *e)
{
    struct template *t = NULL;
    cleanup_json json_t *data = json_loads(data_text, 0, NULL);
    int r = template_parse(template, &t, e);
    if (!r)
        r = template_run(t, data, strict, out, e);
    template_free(t);
    return r;
}

static void assert_prints(const char *template, const char *expected)
{
    struct err e = {0};
    cleanup_buf struct buf out = BUF_INIT;
    int r = run(template, false, &out, &e);
    if (r)
        print_error("%s: %s\n", template, e.text);
    assert_int_equal(r, 0);
    assert_string_equal(buf_str(&out), expected);
}

static void assert_fails(const char *template, const char *part)
{
    struct err e = {0};
    cleanup_buf struct buf out = BUF_INIT;
    assert_int_not_equal(run(template, false, &out, &e), 0);
    assert_non_null(strstr(e.text, part));
}

static void fields_are_printed_as_go_prints_them(void **state)
{
    assert_prints("plain", "plain");
    assert_prints("", "");
    assert_prints("{{.Name}} {{.N}} {{.On}} {{.Real}}", "web 3 true 0.5");
    assert_prints("{{.Deep.er.v}}{{ $.Name }}", "endweb");
    assert_prints("{{.List}} {{.Labels}} {{.Empty}}", "[a b c] map[x:1 y:2] []");
    assert_prints("{{.Nil}} {{.Missing}} {{.Missing.more}}",
                  "<no value> <no value> <no value>");
}

static void choices_follow_the_truth_of_values(void **state)
{
    assert_prints("{{if .On}}a{{else}}b{{end}}{{if .Empty}}c{{else}}d{{end}}", "ad");
    assert_prints("{{if .Off}}a{{else if .Nil}}b{{else if .N}}c{{else}}d{{end}}", "c");
    assert_prints("{{with .Deep}}{{.er.v}}{{else}}no{{end}}", "end");
    assert_prints("{{with .Missing}}yes{{else}}{{.Name}}{{end}}", "web");
    assert_prints(
        "{{if and .On .Name}}1{{end}}{{if or .Off .Nil}}2{{end}}{{if not .Off}}3"
        "{{end}}",
        "13");
    assert_prints(
        "{{if eq .Name \"x\" \"web\"}}1{{end}}{{if ne .N 3}}2{{end}}{{if lt .N 4}}3"
        "{{end}}{{if ge .Name \"v\"}}4{{end}}",
        "134");
}

static void ranges_walk_lists_and_sorted_maps(void **state)
{
    assert_prints("{{range .List}}<{{.}}>{{end}}", "<a><b><c>");
    assert_prints("{{range $i, $e := .List}}{{if $i}}, {{end}}{{$e}}{{end}}", "a, b, c");
    assert_prints("{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "x=1;y=2;");
    assert_prints("{{range .Empty}}x{{else}}none{{end}}", "none");
    assert_prints("{{range $v := .List}}{{$v}}{{$.N}}{{end}}", "a3b3c3");
}

static void variables_live_in_their_block(void **state)
{
    assert_prints("{{$x := .Name}}{{$x}}{{$x = \"y\"}}{{$x}}", "weby");
    assert_prints("{{$x := 1}}{{range .List}}{{$x = 2}}{{end}}{{$x}}", "2");
    assert_prints("{{$x := 1}}{{range .List}}{{$x := 2}}{{end}}{{$x}}", "1");
    assert_fails("{{$nope}}", "undefined variable");
    assert_fails("{{range $v := .List}}{{end}}{{$v}}", "undefined variable");
}

static void functions_are_dockers(void **state)
{
    assert_prints("{{json .Labels}} {{json .Name}} {{.List | json}}",
                  "{\"y\":\"2\",\"x\":\"1\"} \"web\" [\"a\",\"b\",\"c\"]");
    assert_prints("{{upper .Name}} {{lower \"ABC\"}} {{title \"ab cd\"}}",
                  "WEB abc Ab Cd");
    assert_prints("{{join .List \"-\"}} {{index .List 1}} {{index .Labels \"y\"}}",
                  "a-b-c b 2");
    assert_prints("{{len .Name}} {{len .List}} {{(split \"a,b\" \",\")}}", "3 3 [a b]");
    assert_prints("{{truncate .Name 2}} {{pad .Name 1 2}}|", "we  web  |");
    assert_prints("{{printf \"%-5s|%03d|%q|%v|%%\" .Name .N .Name .On}}",
                  "web  |003|\"web\"|true|%");
    assert_prints("{{println .Name .N}}{{print 1 2 \"a\" 3}}", "web 3\n1 2a3");
    assert_prints("{{.Label \"k\"}}{{.Label \"z\"}}", "hidden");
    assert_prints("{{\"a\\tb\\\"c\"}}{{`raw\\t`}}", "a\tb\"craw\\t");
}

static void units_have_a_pretty_form(void **state)
{
    assert_prints("{{size 67108864}} {{size 25276063744}} {{cpus 500000000}}",
                  "64MiB 23.54GiB 0.5");
    assert_prints("{{duration 5000000000}} {{time \"2026-11-22T00:49:13.5Z\"}}",
                  "5s 2026-11-22 00:49:13.5 +0000 utc");
    assert_prints("{{base64 \"aGVsbG8=\"}}", "hello");
}

static void white_space_and_comments_can_be_cut(void **state)
{
    assert_prints("a {{- \"b\" -}} c", "abc");
    assert_prints("a {{/* no */}} b {{- /* no */ -}} c", "a  bc");
    assert_prints("x\n{{- if .On}}\ny{{end}}", "x\ny");
}

static void what_is_no_template_is_refused(void **state)
{
    static const char *const bad[] = {
        "{{",
        "{{.Name",
        "{{if .On}}",
        "{{end}}",
        "{{else}}",
        "{{nope .Name}}",
        "{{.Name | 3}}",
        "{{(.Name}}",
        "{{\"a}}",
        "{{/* a}}",
        "{{3 4}}",
        "{{join .List}}",
        "{{range}}{{end}}",
        "{{$x := }}",
        "{{}}",
        "{{.Name ! }}",
        "{{if .On}}{{else}}{{else}}{{end}}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(bad[i], "template parsing error");
}

static void a_wrong_use_of_a_value_is_told(void **state)
{
    assert_fails("{{.Name.x}}", "can't evaluate field");
    assert_fails("{{index .List 9}}", "index out of range");
    assert_fails("{{range .N}}{{end}}", "can't iterate");
    assert_fails("{{printf \"%s\"}}", "more arguments");
    assert_fails("{{lt .Name 3}}", "incompatible types");
    assert_fails("{{.Name \"x\"}}", "no method");
}

static void a_strict_run_wants_every_column(void **state)
{
    struct err e = {0};
    cleanup_buf struct buf out = BUF_INIT;
    assert_int_equal(run("{{.Nope}}", true, &out, &e), ERR_INVALID_ARGUMENT);
    assert_int_equal(run("{{.Deep.nope}}", true, &out, &e), 0);
}

static void nesting_and_steps_are_bounded(void **state)
{
    char deep[4096] = "{{";
    for (int i = 0; i < TEMPLATE_DEPTH_MAX + 1; i++)
        deep[2 + i] = '(';
    assert_fails(deep, "too deeply nested");
    assert_fails(
        "{{range .List}}{{range $.List}}{{range $.List}}{{range $.List}}{{range "
        "$.List}}{{range $.List}}{{range $.List}}{{range $.List}}{{range $.List}}"
        "{{range $.List}}{{range $.List}}{{range $.List}}{{range $.List}}{{range "
        "$.List}}{{range $.List}}.{{end}}{{end}}{{end}}{{end}}{{end}}{{end}}"
        "{{end}}{{end}}{{end}}{{end}}{{end}}{{end}}{{end}}{{end}}{{end}}",
        "too many steps");
}

static int run_some(void *user)
{
    cleanup_buf struct buf out = BUF_INIT;
    return run(
        "{{$x := .N}}{{range $k, $v := .Labels}}{{if eq $v \"1\"}}{{printf \"%5s\" $k "
        "| upper}}{{end}}{{end}}{{join .List \",\"}}",
        false, &out, NULL);
}

static void memory_that_runs_out_is_told(void **state)
{
    assert_true(fault_malloc_each(run_some, NULL) > 20);
}

/* ---- tables ---- */

static void assert_table(const char *text, const char *expected)
{
    cleanup_buf struct buf out = BUF_INIT;
    assert_int_equal(table_lay_out(text, &out), 0);
    assert_string_equal(buf_str(&out), expected);
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    assert_table("", "");
    assert_table("ID\tNAME\n", "ID        NAME\n");
    assert_table("ID\tNAME\tX\nlonger than it\ta\t\n",
                 "ID               NAME      X\nlonger than it   a         \n");
    assert_table("ä\tb\nabcdefghi\tc\n", "ä           b\nabcdefghi   c\n");
    assert_table("no tabs", "no tabs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_printed_as_go_prints_them),
        cmocka_unit_test(choices_follow_the_truth_of_values),
        cmocka_unit_test(ranges_walk_lists_and_sorted_maps),
        cmocka_unit_test(variables_live_in_their_block),
        cmocka_unit_test(functions_are_dockers),
        cmocka_unit_test(units_have_a_pretty_form),
        cmocka_unit_test(white_space_and_comments_can_be_cut),
        cmocka_unit_test(what_is_no_template_is_refused),
        cmocka_unit_test(a_wrong_use_of_a_value_is_told),
        cmocka_unit_test(a_strict_run_wants_every_column),
        cmocka_unit_test(nesting_and_steps_are_bounded),
        cmocka_unit_test(memory_that_runs_out_is_told),
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
