/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "fault_malloc.h"
#include "oci/record.h"
#include "oci/settings.h"

struct fixture {
    char folder[64];
    char records[80];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy_cut(f->folder, sizeof(f->folder), "/tmp/coffer-test-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    snprintf(f->records, sizeof(f->records), "%s/records", f->folder);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *command = str_format("rm -r %s", f->folder);
    int r = system(command);
    free(f);
    return r;
}

static void write_file(const char *folder, const char *name, const char *text)
{
    cleanup_free char *path = str_format("%s/%s", folder, name);
    assert_int_equal(file_replace(path, 0600, text, strlen(text), NULL), 0);
}

/* ---- records ---- */

static const struct record none;

static void what_is_written_is_read(void **state)
{
    struct fixture *f = *state;
    cleanup_record struct record r = {.uid = 1000};
    assert_int_equal(record_add_key(&r, "GH_TOKEN", 8, NULL), 0);
    assert_int_equal(record_add_key(&r, "B=", 1, NULL), 0);
    assert_int_equal(record_add_reference(&r, "R=se://x", NULL), 0);
    assert_int_equal(record_write(f->records, "abc", &r, NULL), 0);
    record_deinit(&r);
    assert_int_equal(record_read(f->records, "abc", &r, NULL), 0);
    assert_int_equal(r.uid, 1000);
    assert_int_equal(r.n_keys, 2);
    assert_string_equal(r.keys[1], "B");
    assert_true(record_has_reference(&r, "R", "se://x"));
    assert_false(record_has_reference(&r, "R", "se://xy"));
    assert_false(record_has_reference(&r, "S", "se://x"));
    assert_int_equal(record_remove(f->records, "abc", NULL), 0);
    assert_int_equal(record_remove(f->records, "abc", NULL), 0);
    record_deinit(&r);
    assert_int_equal(record_read(f->records, "abc", &r, NULL), ERR_NOT_FOUND);
}

static void files_are_written_and_read(void **state)
{
    struct fixture *f = *state;
    cleanup_record struct record r = {.uid = 1};
    assert_int_equal(record_add_file(&r, "se://a", "/run/secrets/a", NULL), 0);
    assert_int_equal(record_add_file(&r, "se://b/*", "/etc/b", NULL), 0);
    assert_int_equal(record_write(f->records, "abc", &r, NULL), 0);
    record_deinit(&r);
    assert_int_equal(record_read(f->records, "abc", &r, NULL), 0);
    assert_int_equal(r.n_files, 2);
    assert_string_equal(r.files[1].reference, "se://b/*");
    assert_string_equal(r.files[1].target, "/etc/b");
}

static void what_is_given_is_written_and_read(void **state)
{
    struct fixture *f = *state;
    cleanup_record struct record r = {.uid = 0};
    assert_int_equal(record_add_given(&r, "se://swarm/a", "/x/old", NULL), 0);
    assert_int_equal(record_add_given(&r, "se://swarm/a", "/x/a", NULL), 0);
    assert_int_equal(record_add_given(&r, "se://swarm/*", "/x/b", NULL), 0);
    assert_int_equal(record_write(f->records, "abc", &r, NULL), 0);
    record_deinit(&r);
    assert_int_equal(record_read(f->records, "abc", &r, NULL), 0);
    assert_string_equal(record_given_path(&r, "se://swarm/a"), "/x/a");
    assert_string_equal(record_given_path(&r, "se://swarm/*"), "/x/b");
    assert_null(record_given_path(&r, "se://swarm/b"));
}

static void exec(struct record *r, char *variable, bool is_new)
{
    bool was_new;
    assert_int_equal(record_add_exec(r, &variable, 1, &was_new, NULL), 0);
    assert_int_equal(was_new, is_new);
}

static void what_execs_were_given_is_kept_apart(void **state)
{
    struct fixture *f = *state;
    cleanup_record struct record r = {.uid = 1};
    assert_int_equal(record_add_reference(&r, "R=se://x", NULL), 0);
    exec(&r, (char[]){"R=se://x"}, false);
    exec(&r, (char[]){"E=se://x"}, true);
    exec(&r, (char[]){"E=se://x"}, false);
    assert_int_equal(record_write(f->records, "abc", &r, NULL), 0);
    record_deinit(&r);
    assert_int_equal(record_read(f->records, "abc", &r, NULL), 0);
    assert_true(record_has_exec(&r, "E", "se://x"));
    assert_false(record_has_exec(&r, "R", "se://x"));
    assert_false(record_has_reference(&r, "E", "se://x"));
}

/* A container lives long and has many. */
static void the_oldest_of_many_execs_are_forgotten(void **state)
{
    cleanup_record struct record r = {0};
    char text[2][32];
    char *both[] = {text[0], text[1]};
    bool is_new;
    (void)state;
    for (unsigned i = 0; i < 2 * RECORD_KEYS_MAX; i++) {
        snprintf(text[0], sizeof(text[0]), "E=se://%u", i);
        exec(&r, text[0], true);
    }
    assert_int_equal(r.n_exec, RECORD_KEYS_MAX);
    assert_string_equal(r.exec[0], "E=se://1024");
    /* What this one needs is not what goes for it. */
    strcpy_cut(text[0], sizeof(text[0]), "E=se://1024");
    strcpy_cut(text[1], sizeof(text[1]), "E=se://new");
    assert_int_equal(record_add_exec(&r, both, 2, &is_new, NULL), 0);
    assert_true(is_new && r.n_exec == RECORD_KEYS_MAX);
    assert_true(record_has_exec(&r, "E", "se://1024"));
    assert_false(record_has_exec(&r, "E", "se://1025"));
    for (int i = 0; i < 10; i++)
        assert_true(record_forget_exec(&r, 2));
    assert_false(record_forget_exec(&r, 2));
    assert_int_equal(r.n_exec, 2);
    assert_string_equal(r.exec[1], "E=se://new");
}

static void no_folder_is_no_record(void **state)
{
    struct fixture *f = *state;
    struct record r;
    assert_int_equal(record_read(f->records, "abc", &r, NULL), ERR_NOT_FOUND);
}

static void an_id_is_no_path(void **state)
{
    struct fixture *f = *state;
    struct record r;
    static const char *const ids[] = {"",     ".",  "..",  "a/b",
                                      "../x", "-a", "a b", "\xc3\xa9"};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        assert_int_equal(record_read(f->records, ids[i], &r, NULL), ERR_INVALID_ARGUMENT);
        assert_int_equal(record_write(f->records, ids[i], &none, NULL),
                         ERR_INVALID_ARGUMENT);
    }
}

static void a_folder_of_others_is_not_trusted(void **state)
{
    struct fixture *f = *state;
    struct record r;
    assert_int_equal(record_write(f->records, "abc", &none, NULL), 0);
    assert_int_equal(chmod(f->records, 0770), 0);
    assert_int_equal(record_read(f->records, "abc", &r, NULL), ERR_PERMISSION_DENIED);
    assert_int_equal(record_write(f->records, "abc", &none, NULL), ERR_PERMISSION_DENIED);
}

static void a_record_that_could_not_be_read_is_not_written(void **state)
{
    struct fixture *f = *state;
    cleanup_record struct record r = {0};
    cleanup_free char *text = calloc(1, 2048);
    memset(text, 'x', 2047);
    for (size_t i = 0; i < RECORD_KEYS_MAX; i++)
        assert_int_equal(record_add_reference(&r, text, NULL), 0);
    assert_int_equal(record_write(f->records, "abc", &r, NULL), ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(record_add_reference(&r, text, NULL), ERR_RESOURCE_EXHAUSTED);
}

static void what_is_no_record_is_told(void **state)
{
    struct fixture *f = *state;
    struct record r;
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"uid\":-1}",
        "{\"uid\":4294967295}",
        "{\"uid\":\"0\"}",
        "{\"uid\":0,\"keys\":[1]}",
        "{\"uid\":0,\"given\":{\"se://swarm/a\":\"x\"}}",
        "{\"uid\":0,\"given\":{\"se://swarm/a\":1}}",
        "{\"uid\":0,\"files\":[1]}",
        "{\"uid\":0,\"files\":[{\"reference\":\"se://a\"}]}",
        "{\"uid\":0,\"files\":[{\"reference\":\"se://a\",\"target\":\"x\"}]}"};
    assert_int_equal(mkdir(f->records, 0700), 0);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        write_file(f->records, "abc", texts[i]);
        assert_int_equal(record_read(f->records, "abc", &r, NULL), ERR_DATA_LOSS);
    }
}

/* ---- settings ---- */

static int load(struct fixture *f, const char *text, struct settings *s, struct err *e)
{
    cleanup_free char *path = str_format("%s/runtime.conf", f->folder);
    if (text)
        write_file(f->folder, "runtime.conf", text);
    return settings_load(s, path, e);
}

static void settings_have_defaults(void **state)
{
    cleanup_settings struct settings s = {0};
    assert_int_equal(load(*state, NULL, &s, NULL), 0);
    assert_null(s.runtime);
    assert_string_equal(s.references, "/var/lib/coffer/references");
    assert_false(s.has_uid);
    assert_false(s.fallback);
    assert_int_equal(s.timeout, 30);
}

static void settings_are_read(void **state)
{
    cleanup_settings struct settings s = {0};
    assert_int_equal(load(*state,
                          "# mine\nruntime = /x/crun\nuid=7\nfallback = yes\n"
                          "references = /r\ntimeout = 5\n",
                          &s, NULL),
                     0);
    assert_string_equal(s.runtime, "/x/crun");
    assert_string_equal(s.references, "/r");
    assert_true(s.has_uid && s.uid == 7 && s.fallback && s.timeout == 5);
    cleanup_free char *found = NULL;
    assert_int_equal(settings_find_runtime(&s, &found, NULL), 0);
    assert_string_equal(found, "/x/crun");
}

static void bad_settings_are_refused(void **state)
{
    static const char *const texts[] = {"runtime = crun\n", "uid = me\n",    "uid = -1\n",
                                        "fallback = 1\n",   "timeout = 0\n", "what = 1\n",
                                        "timeout = 601\n",  "nothing\n"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct settings s;
        struct err e = {0};
        assert_int_equal(load(*state, texts[i], &s, &e), ERR_INVALID_ARGUMENT);
        assert_non_null(strstr(e.text, "runtime.conf: line 1: "));
    }
}

/* ---- memory ---- */

static int read_all(void *user)
{
    struct fixture *f = user;
    cleanup_record struct record r = {0};
    cleanup_settings struct settings s = {0};
    int code = record_read(f->records, "abc", &r, NULL);
    return code ? code : load(f, NULL, &s, NULL);
}

static void assert_settings(const char *named, const char *program, const char *wanted)
{
    cleanup_free char *path = NULL;
    assert_int_equal(settings_path(named, program, &path, NULL), 0);
    assert_string_equal(path, wanted);
}

static void the_settings_beside_the_program_are_its_own(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *program = str_format("%s/coffer-runtime", f->folder);
    cleanup_free char *own = str_format("%s/runtime.conf", f->folder);
    assert_settings(NULL, program, "/etc/coffer/runtime.conf");
    write_file(f->folder, "runtime.conf", "runtime = /x\n");
    assert_settings(NULL, program, own);
    assert_settings("", program, own);
    assert_settings("/named", program, "/named");
    assert_settings(NULL, "coffer-runtime", "/etc/coffer/runtime.conf");
    assert_settings(NULL, NULL, "/etc/coffer/runtime.conf");
}

static void each_allocation_may_fail(void **state)
{
    struct fixture *f = *state;
    char key[] = "A", *keys[] = {key};
    const struct record one = {.uid = 1, .keys = keys, .n_keys = 1};
    assert_int_equal(record_write(f->records, "abc", &one, NULL), 0);
    write_file(f->folder, "runtime.conf", "runtime = /x\n");
    assert_true(fault_malloc_each(read_all, f) > 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read),
        TEST(files_are_written_and_read),
        TEST(what_is_given_is_written_and_read),
        TEST(what_execs_were_given_is_kept_apart),
        TEST(the_oldest_of_many_execs_are_forgotten),
        TEST(no_folder_is_no_record),
        TEST(a_record_that_could_not_be_read_is_not_written),
        TEST(an_id_is_no_path),
        TEST(a_folder_of_others_is_not_trusted),
        TEST(what_is_no_record_is_told),
        TEST(settings_have_defaults),
        TEST(settings_are_read),
        TEST(bad_settings_are_refused),
        TEST(the_settings_beside_the_program_are_its_own),
        TEST(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
