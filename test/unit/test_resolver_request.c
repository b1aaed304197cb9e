/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver_fixture.h"

#include <stdio.h>

#include "base/clock.h"
#include "resolver/choice.h"
#include "resolver/merge.h"
#include "resolver/selection.h"

/*
 * A request on its way: who is asked, what becomes of the answers, which one is taken.
 * The plugins of the fixture: "pass" has everything, "vault" has prod and what is below.
 */
#define NOW (1000 * CLOCK_SECOND)

struct fixture {
    struct pattern all, prod, request;
    struct answer answers[2];
    struct secret_envelopes found;
    struct err e;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){
        .all = fixture_pattern("**"),
        .prod = fixture_pattern("prod/**"),
        .request = fixture_pattern("prod/*"),
    };
    f.answers[0] = (struct answer){.plugin = "pass", .pattern = &f.all};
    f.answers[1] = (struct answer){.plugin = "vault", .pattern = &f.prod};
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    pattern_deinit(&f->all);
    pattern_deinit(&f->prod);
    pattern_deinit(&f->request);
    for (size_t i = 0; i < 2; i++)
        secret_envelopes_deinit(&f->answers[i].envelopes);
    secret_envelopes_deinit(&f->found);
    return 0;
}

static int merge(struct fixture *f, enum merge_rule rule)
{
    f->e = (struct err){0};
    return answers_merge(&f->request, f->answers, 2, rule, NOW, &f->found, &f->e);
}

static void plugins_are_asked_in_the_order_of_their_names(void **state)
{
    struct fixture *f = *state;
    cleanup_pattern struct pattern other = fixture_pattern("dev/**");
    const struct provider providers[] = {{"vault", &f->prod},
                                         {"pass", &f->all},
                                         {"dev", &other},
                                         {"Zed", &f->all},
                                         {"p", &f->all}};
    struct selection s;
    assert_int_equal(selection_make(providers, 5, &f->request, &s, NULL), 0);
    assert_int_equal(s.n, 4);
    assert_string_equal(s.items[0].provider->name, "Zed");
    assert_string_equal(s.items[1].provider->name, "p");
    assert_string_equal(s.items[2].provider->name, "pass");
    assert_string_equal(s.items[3].provider->name, "vault");
    for (size_t i = 0; i < s.n; i++)
        assert_ptr_equal(s.items[i].ask, &f->request);
}

static void a_plugin_is_asked_for_no_more_than_it_has(void **state)
{
    struct fixture *f = *state;
    const struct provider vault = {"vault", &f->prod};
    struct selection s;
    assert_int_equal(selection_make(&vault, 1, &f->all, &s, NULL), 0);
    assert_ptr_equal(s.items[0].ask, &f->prod);
    assert_int_equal(selection_make(NULL, 0, &f->all, &s, NULL), 0);
    assert_int_equal(s.n, 0);
}

static void there_are_only_so_many_plugins(void **state)
{
    struct fixture *f = *state;
    struct provider many[PLUGINS_MAX + 1];
    struct selection s;
    for (size_t i = 0; i <= PLUGINS_MAX; i++)
        many[i] = (struct provider){"x", &f->all};
    assert_int_equal(selection_make(many, PLUGINS_MAX, &f->request, &s, NULL), 0);
    assert_int_equal(s.n, PLUGINS_MAX);
    assert_int_equal(selection_make(many, PLUGINS_MAX + 1, &f->request, &s, NULL),
                     ERR_RESOURCE_EXHAUSTED);
}

static void answers_stand_in_their_order_with_who_and_when(void **state)
{
    struct fixture *f = *state;
    fixture_append(&f->answers[0].envelopes, "prod/z", "1");
    fixture_append(&f->answers[0].envelopes, "prod/a", "2");
    fixture_append(&f->answers[1].envelopes, "prod/a", "3");
    f->answers[0].envelopes.items[1].resolved_at = secret_time_from_clock(5);
    assert_int_equal(merge(f, MERGE_FAIL), 0);
    assert_int_equal(f->found.len, 3);
    const struct secret_envelope *items = f->found.items;
    assert_string_equal(items[0].id, "prod/z");
    assert_string_equal(items[1].id, "prod/a");
    assert_string_equal(buf_str(&items[2].value), "3");
    assert_string_equal(items[1].provider, "pass");
    assert_string_equal(items[2].provider, "vault");
    assert_int_equal(items[0].resolved_at.seconds, 1000);
    assert_int_equal(items[1].resolved_at.seconds, 0);
    assert_int_equal(items[1].resolved_at.nanos, 5);
}

static void what_was_not_asked_for_is_dropped_and_counted(void **state)
{
    struct fixture *f = *state;
    fixture_append(&f->answers[0].envelopes, "dev/a", "not asked for");
    fixture_append(&f->answers[0].envelopes, "prod//a", "no id");
    fixture_append(&f->answers[0].envelopes, "prod/a", "first");
    fixture_append(&f->answers[0].envelopes, "prod/a", "second");
    f->answers[1].pattern = &f->request;
    fixture_append(&f->answers[1].envelopes, "prod/a/b", "not its own");
    assert_int_equal(merge(f, MERGE_FAIL), 0);
    assert_int_equal(f->found.len, 1);
    assert_string_equal(buf_str(&f->found.items[0].value), "first");
    assert_int_equal(f->answers[0].dropped.outside, 1);
    assert_int_equal(f->answers[0].dropped.invalid, 1);
    assert_int_equal(f->answers[0].dropped.duplicate, 1);
    assert_int_equal(f->answers[1].dropped.outside, 1);
}

static void an_envelope_without_id_is_dropped(void **state)
{
    struct fixture *f = *state;
    struct secret_envelope nameless = {0};
    assert_int_equal(secret_envelopes_append(&f->answers[0].envelopes, &nameless, NULL),
                     0);
    assert_int_equal(merge(f, MERGE_FAIL), ERR_NOT_FOUND);
    assert_int_equal(f->answers[0].dropped.invalid, 1);
}

static void nothing_found_is_not_found(void **state)
{
    struct fixture *f = *state;
    f->answers[1].code = ERR_NOT_FOUND;
    assert_int_equal(merge(f, MERGE_FAIL), ERR_NOT_FOUND);
    assert_string_equal(f->e.text, "secret not found");
}

static void a_failure_counts_as_the_rule_says(void **state)
{
    struct fixture *f = *state;
    f->answers[1].code = ERR_DEADLINE_EXCEEDED;
    f->answers[1].reason = "no answer\nin 5s";
    assert_int_equal(merge(f, MERGE_IGNORE_FAILURES), ERR_NOT_FOUND);
    assert_int_equal(merge(f, MERGE_FAIL_WHEN_EMPTY), ERR_UNAVAILABLE);
    assert_string_equal(f->e.text, "matching plugin vault failed: no answer\\x0ain 5s");
    assert_int_equal(merge(f, MERGE_FAIL), ERR_UNAVAILABLE);
    fixture_append(&f->answers[0].envelopes, "prod/a", "1");
    assert_int_equal(merge(f, MERGE_FAIL_WHEN_EMPTY), 0);
    assert_int_equal(f->found.len, 1);
}

static void with_the_strict_rule_one_failure_is_enough(void **state)
{
    struct fixture *f = *state;
    f->answers[1].code = ERR_UNAVAILABLE;
    fixture_append(&f->answers[0].envelopes, "prod/a", "1");
    assert_int_equal(merge(f, MERGE_FAIL), ERR_UNAVAILABLE);
    assert_string_equal(f->e.text, "matching plugin vault failed: not available");
    assert_int_equal(f->found.len, 0);
}

static void every_failure_is_told(void **state)
{
    struct fixture *f = *state;
    f->answers[0].code = f->answers[1].code = ERR_INTERNAL;
    f->answers[0].reason = "a";
    f->answers[1].reason = "b";
    assert_int_equal(merge(f, MERGE_FAIL_WHEN_EMPTY), ERR_UNAVAILABLE);
    assert_string_equal(f->e.text, "matching plugin pass failed: a; "
                                   "matching plugin vault failed: b");
}

static int choose(struct fixture *f, enum choice_rule rule, const char *place,
                  const struct secret_envelope **out)
{
    f->e = (struct err){0};
    return choice_make(&f->found, rule, place, "se://prod/*", out, &f->e);
}

static void one_secret_is_taken_by_either_rule(void **state)
{
    struct fixture *f = *state;
    const struct secret_envelope *one = NULL;
    fixture_append(&f->found, "prod/a", "1");
    assert_int_equal(choose(f, CHOICE_ONLY, "KEY", &one), 0);
    assert_ptr_equal(one, &f->found.items[0]);
    assert_int_equal(choose(f, CHOICE_FIRST, NULL, &one), 0);
}

static void none_is_an_error_by_either_rule(void **state)
{
    struct fixture *f = *state;
    const struct secret_envelope *one = NULL;
    assert_int_equal(choose(f, CHOICE_FIRST, "KEY", &one), ERR_NOT_FOUND);
    assert_string_equal(f->e.text, "resolving KEY: secret not found: se://prod/*");
    assert_int_equal(choose(f, CHOICE_ONLY, NULL, &one), ERR_NOT_FOUND);
    assert_string_equal(f->e.text, "secret not found: se://prod/*");
    assert_null(one);
}

static void of_several_the_first_is_taken_or_all_are_named(void **state)
{
    struct fixture *f = *state;
    const struct secret_envelope *one = NULL;
    fixture_append(&f->answers[0].envelopes, "prod/a", "hidden-1");
    fixture_append(&f->answers[1].envelopes, "prod/a", "hidden-2");
    assert_int_equal(merge(f, MERGE_FAIL), 0);
    assert_int_equal(choose(f, CHOICE_ONLY, "KEY", &one), ERR_FAILED_PRECONDITION);
    assert_string_equal(f->e.text, "resolving KEY: 2 secrets matched se://prod/*: "
                                   "prod/a (pass), prod/a (vault)");
    assert_int_equal(choose(f, CHOICE_FIRST, "KEY", &one), 0);
    assert_string_equal(buf_str(&one->value), "hidden-1");
}

static void of_very_many_some_are_named(void **state)
{
    struct fixture *f = *state;
    const struct secret_envelope *one = NULL;
    char id[SECRET_ID_MAX + 1];
    for (int i = 0; i < 7; i++)
        fixture_append(&f->found, "p", "");
    assert_int_equal(choose(f, CHOICE_ONLY, NULL, &one), ERR_FAILED_PRECONDITION);
    assert_string_equal(f->e.text, "7 secrets matched se://prod/*: p, p, p, p, p and 2 "
                                   "more");
    memset(id, 'x', SECRET_ID_MAX);
    id[SECRET_ID_MAX] = '\0';
    secret_envelopes_deinit(&f->found);
    fixture_append(&f->found, id, "");
    fixture_append(&f->found, id, "");
    assert_int_equal(choose(f, CHOICE_ONLY, "KEY", &one), ERR_FAILED_PRECONDITION);
    assert_non_null(strstr(f->e.text, "resolving KEY: 2 secrets matched"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plugins_are_asked_in_the_order_of_their_names),
        TEST(a_plugin_is_asked_for_no_more_than_it_has),
        TEST(there_are_only_so_many_plugins),
        TEST(answers_stand_in_their_order_with_who_and_when),
        TEST(what_was_not_asked_for_is_dropped_and_counted),
        TEST(an_envelope_without_id_is_dropped),
        TEST(nothing_found_is_not_found),
        TEST(a_failure_counts_as_the_rule_says),
        TEST(with_the_strict_rule_one_failure_is_enough),
        TEST(every_failure_is_told),
        TEST(one_secret_is_taken_by_either_rule),
        TEST(none_is_an_error_by_either_rule),
        TEST(of_several_the_first_is_taken_or_all_are_named),
        TEST(of_very_many_some_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
