/* SPDX-License-Identifier: Apache-2.0 */
/* Stand-ins in a list of mounts, and what comes into their places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "fault_malloc.h"
#include "oci/mounts.h"
#include "json/json.h"

#define STAND_IN "/refs/.file"
#define MOUNT(destination, source)                                                       \
    "{\"destination\":\"" destination "\",\"source\":\"" source "\"}"
#define OURS(destination) MOUNT(destination, STAND_IN)

static json_t *parse(const char *text)
{
    static const struct json_limits limits = {.bytes = 4096, .values = 256, .depth = 8};
    json_t *j = NULL;
    assert_int_equal(json_read(text, strlen(text), &limits, &j, NULL), 0);
    return j;
}

static void add(struct record *r, const char *target)
{
    assert_int_equal(record_add_file(r, "se://a", target, NULL), 0);
}

static void stand_ins_are_found_with_their_references(void **state)
{
    (void)state;
    static struct mounts m;
    cleanup_record struct record r = {0};
    add(&r, "/run/secrets/b");
    add(&r, "/etc/a");
    cleanup_json json_t *list = parse("[" MOUNT("/proc", "proc") "," OURS(
        "/etc//a") ",{\"type\":\"tmpfs\"}," OURS("/run/secrets/b") "]");
    assert_int_equal(mounts_find(list, STAND_IN, &r, &m, NULL), 0);
    assert_int_equal(m.n, 2);
    assert_false(m.is_dir_taken);
    assert_int_equal(m.items[0].at, 1);
    assert_ptr_equal(m.items[0].file, &r.files[1]);
    assert_int_equal(m.items[1].at, 3);
    assert_int_equal(mounts_find(NULL, STAND_IN, &r, &m, NULL), 0);
    assert_int_equal(m.n, 0);
}

static void one_that_nobody_asked_for_is_refused(void **state)
{
    (void)state;
    static struct mounts m;
    static const char *const lists[] = {
        "[" OURS("/etc/b") "]", "[" OURS("etc/a") "]", "[{\"source\":\"" STAND_IN "\"}]",
        "[{\"source\":\"" STAND_IN "\",\"destination\":7}]"};
    cleanup_record struct record r = {0};
    add(&r, "/etc/a");
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        struct err e = {0};
        cleanup_json json_t *list = parse(lists[i]);
        assert_int_not_equal(mounts_find(list, STAND_IN, &r, &m, &e), 0);
        assert_int_not_equal(e.text[0], 0);
    }
}

static void a_mount_within_the_folder_of_secrets_is_seen(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        bool is_taken;
    } cases[] = {
        {"[" MOUNT("/run", "tmpfs") "]", false},
        {"[" MOUNT("/run/secrets", "x") "]", true},
        {"[" MOUNT("/run/./secrets/mine", "x") "]", true},
        {"[" MOUNT("/run/secrets2", "x") "]", false},
        {"[" OURS("/run/secrets/b") "]", false},
    };
    static struct mounts m;
    cleanup_record struct record r = {0};
    add(&r, "/run/secrets/b");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup_json json_t *list = parse(cases[i].list);
        assert_int_equal(mounts_find(list, STAND_IN, &r, &m, NULL), 0);
        assert_int_equal(m.is_dir_taken, cases[i].is_taken);
    }
}

static void more_than_a_record_holds_are_refused(void **state)
{
    (void)state;
    cleanup_record struct record r = {0};
    for (size_t i = 0; i < RECORD_FILES_MAX; i++)
        add(&r, "/a");
    assert_int_equal(record_add_file(&r, "se://a", "/a", NULL), ERR_RESOURCE_EXHAUSTED);
    cleanup_json json_t *list = json_array();
    static struct mounts m;
    for (size_t i = 0; i <= RECORD_FILES_MAX; i++)
        assert_int_equal(json_array_append_new(list, parse(OURS("/a"))), 0);
    assert_int_equal(mounts_find(list, STAND_IN, &r, &m, NULL), ERR_RESOURCE_EXHAUSTED);
}

/* ---- replacing ---- */

static const char *text_at(const json_t *list, size_t i, const char *key)
{
    return json_string_value(json_object_get(json_array_get(list, i), key));
}

static void the_folder_stands_where_its_first_file_stood(void **state)
{
    (void)state;
    static struct mounts m;
    char dir[] = "/fs/id/secrets", run[] = "/run/secrets", file[] = "/fs/id/files/0",
         etc[] = "/etc/a";
    struct secret_bind binds[] = {{dir, run}, {file, etc}};
    const struct secret_files files = {.n_binds = 2, .binds = binds};
    cleanup_record struct record r = {0};
    add(&r, "/run/secrets/b");
    add(&r, "/run/secrets/sub/c");
    add(&r, "/etc/a");
    cleanup_json json_t *list =
        parse("[" MOUNT("/run", "tmpfs") "," OURS("/etc/a") "," OURS(
            "/run/secrets/b") "," MOUNT("/x", "y") "," OURS("/run/secrets/sub/c") "]");
    assert_int_equal(mounts_find(list, STAND_IN, &r, &m, NULL), 0);
    assert_int_equal(mounts_replace(list, &m, &files, NULL), 0);
    assert_int_equal(json_array_size(list), 4);
    assert_string_equal(text_at(list, 1, "destination"), "/etc/a");
    assert_string_equal(text_at(list, 1, "source"), file);
    assert_string_equal(text_at(list, 2, "destination"), "/run/secrets");
    assert_string_equal(text_at(list, 2, "type"), "bind");
    assert_string_equal(text_at(list, 3, "source"), "y");
    cleanup_free char *options =
        json_dumps(json_object_get(json_array_get(list, 2), "options"), JSON_COMPACT);
    assert_string_equal(options, "[\"bind\",\"ro\",\"nosuid\",\"nodev\",\"noexec\","
                                 "\"rprivate\"]");
}

static int find_and_replace(void *user)
{
    static struct mounts m;
    char dir[] = "/fs/id/secrets", run[] = "/run/secrets";
    struct secret_bind bind = {dir, run};
    const struct secret_files files = {.n_binds = 1, .binds = &bind};
    cleanup_json json_t *list = json_deep_copy(user);
    cleanup_record struct record r = {0};
    int code =
        list ? record_add_file(&r, "se://a", "/run/secrets/b", NULL) : ERR_NO_MEMORY;
    code = code ?: mounts_find(list, STAND_IN, &r, &m, NULL);
    return code ?: mounts_replace(list, &m, &files, NULL);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    cleanup_json json_t *list = parse("[" OURS("/run/secrets/b") "]");
    assert_true(fault_malloc_each(find_and_replace, list) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stand_ins_are_found_with_their_references),
        cmocka_unit_test(one_that_nobody_asked_for_is_refused),
        cmocka_unit_test(a_mount_within_the_folder_of_secrets_is_seen),
        cmocka_unit_test(more_than_a_record_holds_are_refused),
        cmocka_unit_test(the_folder_stands_where_its_first_file_stood),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
