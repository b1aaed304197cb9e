/* SPDX-License-Identifier: Apache-2.0 */
/* What the secrets engine decides without I/O: kept answers, the policy, grants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "engined/backoff.h"
#include "engined/cache.h"
#include "engined/envelopes.h"
#include "engined/grants.h"
#include "engined/plugin_settings.h"
#include "engined/policy.h"
#include "fault_malloc.h"
#include "wire/message.h"

#define NOW (1000 * CLOCK_SECOND)

/* ---- kept answers ---- */

static void make(struct secret_envelopes *out, const char *id, size_t size)
{
    static char value[SECRET_VALUE_MAX];
    struct secret_envelope one = {0};
    *out = (struct secret_envelopes){0};
    assert_int_equal(secret_envelope_set_id(&one, id, NULL), 0);
    assert_int_equal(secret_envelope_set_value(&one, value, size, NULL), 0);
    assert_int_equal(secret_envelopes_append(out, &one, NULL), 0);
}

static void an_answer_is_kept_for_its_time(void **state)
{
    struct cache c;
    cleanup_secret_envelopes struct secret_envelopes found;
    cache_init(&c, 10 * CLOCK_SECOND);
    make(&found, "a", 3);
    cache_put(&c, "a", &found, NOW, 0);
    assert_non_null(cache_get(&c, "a", NOW, 10 * CLOCK_SECOND - 1));
    assert_null(cache_get(&c, "b", NOW, 0));
    assert_null(cache_get(&c, "a", NOW, 10 * CLOCK_SECOND));
    assert_int_equal(c.n, 0);
}

static void without_a_time_nothing_is_kept(void **state)
{
    struct cache c;
    cleanup_secret_envelopes struct secret_envelopes found;
    cache_init(&c, 0);
    make(&found, "a", 3);
    cache_put(&c, "a", &found, NOW, 0);
    assert_null(cache_get(&c, "a", NOW, 0));
}

static void what_expires_is_not_kept_past_that(void **state)
{
    struct cache c;
    cleanup_secret_envelopes struct secret_envelopes found;
    cache_init(&c, CLOCK_HOUR);
    make(&found, "a", 3);
    found.items[0].expires_at = secret_time_from_clock(NOW + CLOCK_SECOND);
    cache_put(&c, "a", &found, NOW, 0);
    assert_non_null(cache_get(&c, "a", NOW, 0));
    assert_null(cache_get(&c, "a", NOW + CLOCK_SECOND, 1));
    cache_put(&c, "a", &found, NOW + CLOCK_SECOND, 1);
    assert_int_equal(c.n, 0);
}

static void what_is_over_is_forgotten_without_being_asked_for(void **state)
{
    struct cache c;
    cleanup_secret_envelopes struct secret_envelopes found;
    cache_init(&c, CLOCK_HOUR);
    assert_true(cache_expire(&c, NOW, 0) == CLOCK_NEVER);
    make(&found, "a", 3);
    cache_put(&c, "long", &found, NOW, 5);
    found.items[0].expires_at = secret_time_from_clock(NOW + CLOCK_SECOND + 7);
    cache_put(&c, "short", &found, NOW, 5);
    assert_true(cache_expire(&c, NOW, 5) == CLOCK_SECOND + 12);
    assert_int_equal(c.n, 2);
    assert_true(cache_expire(&c, NOW, CLOCK_SECOND + 12) == CLOCK_HOUR + 5);
    assert_int_equal(c.n, 1);
    assert_true(cache_expire(&c, NOW, CLOCK_HOUR + 5) == CLOCK_NEVER);
    assert_int_equal(c.n, 0);
    found.items[0].expires_at = (struct secret_time){true, INT64_C(253402300799), 0};
    cache_put(&c, "far", &found, NOW, 5);
    assert_true(cache_expire(&c, NOW, 5) == CLOCK_HOUR + 5);
    cache_clear(&c);
}

static void the_number_of_answers_is_bounded(void **state)
{
    struct cache c;
    cleanup_secret_envelopes struct secret_envelopes found;
    char key[32];
    cache_init(&c, CLOCK_HOUR);
    make(&found, "a", 3);
    for (int i = 0; i <= CACHE_ENTRIES_MAX; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        cache_put(&c, key, &found, NOW, 0);
    }
    assert_int_equal(c.n, CACHE_ENTRIES_MAX);
    assert_null(cache_get(&c, "k0", NOW, 0));
    assert_non_null(cache_get(&c, "k1", NOW, 0));
    cache_clear(&c);
    assert_int_equal(c.n, 0);
    assert_int_equal(c.bytes, 0);
}

static void the_size_of_answers_is_bounded(void **state)
{
    struct cache c;
    cleanup_secret_envelopes struct secret_envelopes found;
    char key[32];
    cache_init(&c, CLOCK_HOUR);
    make(&found, "a", SECRET_VALUE_MAX);
    for (int i = 0; i < 10; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        cache_put(&c, key, &found, NOW, 0);
        assert_true(c.bytes <= CACHE_BYTES_MAX);
    }
    assert_true(c.n < 5);
    assert_non_null(cache_get(&c, "k9", NOW, 0));
    cache_clear(&c);
}

static void without_memory_nothing_is_kept(void **state)
{
    struct cache c;
    cleanup_secret_envelopes struct secret_envelopes found;
    cache_init(&c, CLOCK_HOUR);
    make(&found, "a", 3);
    for (size_t i = 1;; i++) {
        fault_malloc_at(i);
        cache_put(&c, "a", &found, NOW, 0);
        bool has_failed = fault_malloc_has_failed();
        fault_malloc_at(0);
        if (!has_failed)
            break;
        assert_int_equal(c.n, 0);
    }
    assert_int_equal(c.n, 1);
    cache_clear(&c);
}

/* ---- the policy ---- */

static enum verdict judge(const struct policy *p, const char *text)
{
    cleanup_pattern struct pattern wanted = PATTERN_INIT;
    const struct rule *rule;
    assert_int_equal(pattern_parse(&wanted, text, strlen(text), NULL), 0);
    return policy_judge(p, &wanted, &rule);
}

static void the_first_rule_that_decides_wins(void **state)
{
    static struct policy p;
    assert_int_equal(policy_parse(&p,
                                  "# a comment\n\n"
                                  "allow db/open\n"
                                  "deny db/**\n"
                                  "  ask  web/**\t15m \n"
                                  "allow **\n",
                                  NULL),
                     0);
    assert_int_equal(p.n, 4);
    assert_int_equal(judge(&p, "db/open"), VERDICT_ALLOW);
    assert_int_equal(judge(&p, "db/other"), VERDICT_DENY);
    assert_int_equal(judge(&p, "db/*"), VERDICT_DENY);
    assert_int_equal(judge(&p, "*/open"), VERDICT_DENY);
    assert_int_equal(judge(&p, "web/x"), VERDICT_ASK);
    assert_int_equal(judge(&p, "else"), VERDICT_ALLOW);
    assert_int_equal(p.rules[2].time, 15 * CLOCK_MINUTE);
    policy_deinit(&p);
}

static void what_no_rule_decides_is_left_open(void **state)
{
    static struct policy p;
    assert_int_equal(policy_parse(&p, "allow a/b", NULL), 0);
    assert_int_equal(judge(&p, "a/b"), VERDICT_ALLOW);
    assert_int_equal(judge(&p, "a/*"), VERDICT_NONE);
    policy_deinit(&p);
    assert_int_equal(policy_parse(&p, "", NULL), 0);
    assert_int_equal(judge(&p, "a/b"), VERDICT_NONE);
}

static void a_bad_policy_is_refused_with_its_line(void **state)
{
    static const char *const bad[] = {
        "allow a\npermit b",   "allow a\nallow",       "allow a\nallow b//c",
        "allow a\nallow b 5m", "allow a\nask b never", "allow a\nask b 5m more",
        "allow a\nask b -5m",
    };
    static struct policy p;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct err e = {0};
        assert_int_equal(policy_parse(&p, bad[i], &e), ERR_INVALID_ARGUMENT);
        assert_non_null(strstr(e.text, "line 2"));
        assert_int_equal(p.n, 0);
    }
}

static void rules_are_bounded(void **state)
{
    static struct policy p;
    static char text[(POLICY_RULES_MAX + 1) * 8 + 1];
    for (int i = 0; i <= POLICY_RULES_MAX; i++)
        memcpy(text + i * 8, "allow a\n", 8);
    assert_int_equal(policy_parse(&p, text, NULL), ERR_RESOURCE_EXHAUSTED);
    text[POLICY_RULES_MAX * 8] = '\0';
    assert_int_equal(policy_parse(&p, text, NULL), 0);
    policy_deinit(&p);
}

/* ---- grants ---- */

static void a_grant_is_for_a_session_and_a_time(void **state)
{
    static struct grants g;
    cleanup_pattern struct pattern all = PATTERN_INIT, one = PATTERN_INIT;
    assert_int_equal(pattern_parse(&all, "db/**", 5, NULL), 0);
    assert_int_equal(pattern_parse(&one, "db/x", 4, NULL), 0);
    assert_int_equal(grants_add(&g, &all, 1000, 77, 10, 0, NULL), 0);
    assert_true(grants_include(&g, &one, 1000, 77, 9));
    assert_false(grants_include(&g, &one, 1000, 77, 10));
    assert_false(grants_include(&g, &one, 1000, 78, 9));
    assert_false(grants_include(&g, &one, 0, 77, 9));
    grants_deinit(&g);
}

static void grants_are_bounded(void **state)
{
    static struct grants g;
    cleanup_pattern struct pattern p = PATTERN_INIT;
    assert_int_equal(pattern_parse(&p, "a", 1, NULL), 0);
    for (int i = 0; i <= GRANTS_MAX; i++)
        assert_int_equal(grants_add(&g, &p, 1, 100 + i, 1000 + i, 0, NULL), 0);
    assert_int_equal(g.n, GRANTS_MAX);
    assert_false(grants_include(&g, &p, 1, 100, 1)); /* it would have ended first */
    assert_true(grants_include(&g, &p, 1, 100 + GRANTS_MAX, 1));
    grants_deinit(&g);
}

/* ---- envelopes on the wire ---- */

static bool is_a(const char *id, void *user)
{
    (void)user;
    return strcmp(id, "a") == 0;
}

static void envelopes_go_to_the_wire_and_back(void **state)
{
    cleanup_secret_envelopes struct secret_envelopes list = {0}, back = {0}, b;
    Resolver__V1__GetSecretsResponse *m;
    size_t dropped;
    make(&list, "a", 5);
    make(&b, "b", 1);
    assert_int_equal(secret_envelope_put(&list.items[0], "k", "v", NULL), 0);
    list.items[0].created_at = secret_time_from_clock(NOW);
    assert_int_equal(secret_envelopes_append(&list, &b.items[0], NULL), 0);
    assert_int_equal(envelopes_write(&list, is_a, NULL, &m, NULL), 0);
    assert_int_equal(m->n_envelopes, 1);
    assert_int_equal(envelopes_read(m, &back, &dropped, NULL), 0);
    assert_int_equal(dropped, 0);
    assert_int_equal(back.items[0].value.len, 5);
    assert_string_equal(secret_envelope_get(&back.items[0], "k"), "v");
    assert_int_equal(back.items[0].created_at.seconds, 1000);
    assert_false(back.items[0].expires_at.is_set);
    message_free(&m->base);
}

/* ---- memory that runs out ---- */

static int parse_a_policy(void *user)
{
    static struct policy p;
    (void)user;
    int r = policy_parse(&p, "allow a/b\nask c 1m\n", NULL);
    if (!r)
        policy_deinit(&p);
    return r;
}

static int write_envelopes(void *user)
{
    Resolver__V1__GetSecretsResponse *m;
    int r = envelopes_write(user, NULL, NULL, &m, NULL);
    if (!r)
        message_free(&m->base);
    return r;
}

static int read_envelopes(void *user)
{
    cleanup_secret_envelopes struct secret_envelopes back = {0};
    size_t dropped;
    return envelopes_read(user, &back, &dropped, NULL);
}

static int grant(void *user)
{
    static struct grants g;
    int r = grants_add(&g, user, 1, 1, 10, 0, NULL);
    if (!r)
        grants_deinit(&g);
    return r;
}

static void every_lack_of_memory_is_told(void **state)
{
    cleanup_secret_envelopes struct secret_envelopes list = {0};
    cleanup_pattern struct pattern p = PATTERN_INIT;
    Resolver__V1__GetSecretsResponse *m;
    make(&list, "a", 5);
    assert_int_equal(secret_envelope_put(&list.items[0], "k", "v", NULL), 0);
    assert_int_equal(envelopes_write(&list, NULL, NULL, &m, NULL), 0);
    assert_int_equal(pattern_parse(&p, "a/*", 3, NULL), 0);
    assert_true(fault_malloc_each(parse_a_policy, NULL) > 1);
    assert_true(fault_malloc_each(write_envelopes, &list) > 3);
    assert_true(fault_malloc_each(read_envelopes, m) > 3);
    assert_true(fault_malloc_each(grant, &p) >= 1);
    message_free(&m->base);
}

/* ---- settings of plugins ---- */

static void names_of_plugins_stand_in_paths(void **state)
{
    assert_true(plugin_name_is_plain("my-plugin_2.x"));
    assert_false(plugin_name_is_plain(""));
    assert_false(plugin_name_is_plain(".."));
    assert_false(plugin_name_is_plain("a/b"));
    assert_false(plugin_name_is_plain("a\"b"));
}

/* ---- failures of plugins ---- */

static void a_failing_plugin_is_waited_for_longer_and_longer(void **state)
{
    struct backoff b = {0};
    for (int64_t delay = 2; delay <= 32; delay *= 2)
        assert_int_equal(backoff_next(&b, 0, 2 * CLOCK_MINUTE), delay * CLOCK_SECOND);
    assert_int_equal(backoff_next(&b, 0, 2 * CLOCK_MINUTE), -1);
    assert_int_equal(backoff_next(&b, BACKOFF_STABLE - 1, 2 * CLOCK_MINUTE), -1);
}

static void a_plugin_that_ran_well_begins_anew(void **state)
{
    struct backoff b = {0};
    for (int i = 0; i < 5; i++)
        assert_true(backoff_next(&b, 0, 2 * CLOCK_MINUTE) > 0);
    assert_int_equal(backoff_next(&b, BACKOFF_STABLE, 2 * CLOCK_MINUTE), BACKOFF_MIN);
    assert_int_equal(backoff_next(&b, 0, 2 * CLOCK_MINUTE), 2 * BACKOFF_MIN);
}

static int read_settings(const char *text, struct plugin_settings *out, struct err *e)
{
    char folder[] = "/tmp/coffer-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/plugins", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/plugins/x.conf", folder);
    assert_int_equal(file_replace(path, 0600, text, strlen(text), NULL), 0);
    int r = plugin_settings_read(folder, "x", true, out, e);
    unlink(path);
    snprintf(path, sizeof(path), "%s/plugins", folder);
    rmdir(path);
    rmdir(folder);
    return r;
}

static void settings_say_what_a_plugin_may_do(void **state)
{
    struct plugin_settings s;
    setenv("HOME", "/var/empty", 1);
    assert_int_equal(read_settings("confine = calls\nallow-read = ~/a\nallow-write = /b\n"
                                   "allow-network = no\nmemory = 512m\nkey = 1\n",
                                   &s, NULL),
                     0);
    assert_int_equal(s.confinement, CONFINEMENT_CALLS);
    assert_int_equal(s.n_paths, 2);
    assert_string_equal(s.paths[0].path, "/var/empty/a");
    assert_false(s.paths[0].is_writable);
    assert_string_equal(s.paths[1].path, "/b");
    assert_true(s.paths[1].is_writable);
    assert_true(s.has_network && !s.allows_network);
    assert_int_equal(s.memory, 512 << 20);
    assert_int_equal(s.n_lines, 1);
    plugin_settings_deinit(&s);
}

static void wrong_words_about_confinement_are_refused(void **state)
{
    static const char *const bad[] = {
        "confine = no",
        "allow-read = a/b",
        "allow-write = ",
        "allow-network = maybe",
        "memory = 512x",
        "memory = 1k",
        "memory = 99999999g",
        "memory = m",
        "memory = -1",
        "memory = 0",
        "memory = 1111111111111111111111111",
    };
    struct plugin_settings s;
    struct err e;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(read_settings(bad[i], &s, &e), ERR_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_plugin_is_waited_for_longer_and_longer),
        cmocka_unit_test(a_plugin_that_ran_well_begins_anew),
        cmocka_unit_test(settings_say_what_a_plugin_may_do),
        cmocka_unit_test(wrong_words_about_confinement_are_refused),
        cmocka_unit_test(an_answer_is_kept_for_its_time),
        cmocka_unit_test(without_a_time_nothing_is_kept),
        cmocka_unit_test(what_expires_is_not_kept_past_that),
        cmocka_unit_test(what_is_over_is_forgotten_without_being_asked_for),
        cmocka_unit_test(the_number_of_answers_is_bounded),
        cmocka_unit_test(the_size_of_answers_is_bounded),
        cmocka_unit_test(without_memory_nothing_is_kept),
        cmocka_unit_test(the_first_rule_that_decides_wins),
        cmocka_unit_test(what_no_rule_decides_is_left_open),
        cmocka_unit_test(a_bad_policy_is_refused_with_its_line),
        cmocka_unit_test(rules_are_bounded),
        cmocka_unit_test(a_grant_is_for_a_session_and_a_time),
        cmocka_unit_test(grants_are_bounded),
        cmocka_unit_test(envelopes_go_to_the_wire_and_back),
        cmocka_unit_test(every_lack_of_memory_is_told),
        cmocka_unit_test(names_of_plugins_stand_in_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
