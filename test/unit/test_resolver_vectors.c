/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "resolver/plugin.h"

/*
 * Answers of Docker's own code, recorded: test/vectors/secrets. A line is "yes" or "no"
 * and, behind one space each, what was asked; '#' begins a comment.
 */
#define WORDS_MAX 3

struct line {
    bool yes;
    char *words[WORDS_MAX];
    size_t n;
};

/* Cuts a line at its spaces; the last of n_words takes the rest. */
static void split(char *text, size_t n_words, struct line *out)
{
    text[strcspn(text, "\n")] = '\0';
    *out = (struct line){.yes = str_starts_with(text, "yes ")};
    assert_true(out->yes || str_starts_with(text, "no "));
    char *rest = strchr(text, ' ');
    while (rest && out->n < n_words) {
        *rest++ = '\0';
        out->words[out->n++] = rest;
        rest = strchr(rest, ' ');
    }
}

static void each_line(const char *name, size_t n_words, size_t at_least,
                      void (*check)(const struct line *line))
{
    char path[512], text[512];
    size_t n = 0;
    snprintf(path, sizeof(path), "%s/test/vectors/secrets/%s", getenv("COFFER_SOURCE"),
             name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(text, sizeof(text), f)) {
        struct line line;
        if (str_starts_with(text, "# "))
            continue;
        split(text, n_words, &line);
        check(&line);
        n++;
    }
    fclose(f);
    assert_true(n >= at_least);
}

static void expect(const struct line *line, bool yes)
{
    if (yes != line->yes)
        fail_msg("%s %s: expected %s", line->words[0], line->n > 1 ? line->words[1] : "",
                 line->yes ? "yes" : "no");
}

static void check_id(const struct line *line)
{
    expect(line, secret_id_is_valid(line->words[0]));
}

static void check_pattern(const struct line *line)
{
    struct pattern p = PATTERN_INIT;
    const char *text = line->words[0];
    expect(line, pattern_parse(&p, text, strlen(text), NULL) == 0);
    pattern_deinit(&p);
}

static void check_version(const struct line *line)
{
    expect(line, plugin_check_version(line->words[0], NULL) == 0);
}

static void check_match(const struct line *line)
{
    expect(line, fixture_match(line->words[0], line->words[1]));
}

static void check_expansion(const struct line *line)
{
    cleanup_pattern struct pattern p = fixture_pattern(line->words[0]);
    cleanup_pattern struct pattern with = fixture_pattern(line->words[1]);
    cleanup_pattern struct pattern out = PATTERN_INIT;
    expect(line, pattern_expand(&p, &with, &out, NULL) == 0);
    if (line->yes)
        assert_string_equal(out.text, line->words[2]);
}

/* Docker's inclusion says yes too often, never no. */
static void check_inclusion(const struct line *line)
{
    if (!line->yes)
        expect(line, fixture_includes(line->words[0], line->words[1]));
}

/* Docker's overlap says no too often, never yes. */
static void check_overlap(const struct line *line)
{
    if (line->yes)
        expect(line, fixture_intersects(line->words[0], line->words[1]));
}

static void ids_are_what_dockers_are(void **state)
{
    each_line("ids.txt", 1, 60, check_id);
}

static void patterns_are_what_dockers_are(void **state)
{
    each_line("patterns.txt", 1, 80, check_pattern);
}

static void versions_are_what_dockers_are(void **state)
{
    each_line("versions.txt", 1, 9, check_version);
}

static void patterns_match_what_dockers_match(void **state)
{
    each_line("match.txt", 2, 590, check_match);
}

static void patterns_expand_as_dockers_do(void **state)
{
    each_line("expand.txt", 3, 180, check_expansion);
}

static void nothing_is_included_that_docker_does_not_include(void **state)
{
    each_line("includes.txt", 2, 3400, check_inclusion);
}

static void what_docker_finds_to_overlap_does(void **state)
{
    each_line("overlaps.txt", 2, 200, check_overlap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_what_dockers_are),
        cmocka_unit_test(patterns_are_what_dockers_are),
        cmocka_unit_test(versions_are_what_dockers_are),
        cmocka_unit_test(patterns_match_what_dockers_match),
        cmocka_unit_test(patterns_expand_as_dockers_do),
        cmocka_unit_test(nothing_is_included_that_docker_does_not_include),
        cmocka_unit_test(what_docker_finds_to_overlap_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
