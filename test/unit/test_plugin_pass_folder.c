/* SPDX-License-Identifier: Apache-2.0 */
/* Which files of a folder are entries of a password store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "pass/folder.h"

struct fixture {
    char folder[32];
    struct err e;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy_cut(f->folder, sizeof(f->folder), "/tmp/coffer-pass-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *command = str_format("rm -r %s", f->folder);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static void make(const struct fixture *f, const char *name)
{
    cleanup_free char *path = str_format("%s/%s", f->folder, name);
    assert_int_equal(file_make_folders_above(path, NULL), 0);
    assert_int_equal(file_replace(path, 0600, "", 0, NULL), 0);
}

/* Lists, and compares with ids that are joined by blanks. */
static void assert_listed(struct fixture *f, const char *text, const char *wanted)
{
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    cleanup_pass_ids struct pass_ids ids = {0};
    cleanup_buf struct buf joined = BUF_INIT;
    assert_int_equal(pattern_parse(&pattern, text, strlen(text), NULL), 0);
    assert_int_equal(pass_folder_list(f->folder, &pattern, &ids, &f->e), 0);
    for (size_t i = 0; i < ids.n; i++)
        assert_int_equal(buf_printf(&joined, "%s%s", i ? " " : "", ids.list[i]), 0);
    assert_string_equal(buf_str(&joined), wanted);
}

static void entries_are_found_in_folders_and_sorted(void **state)
{
    struct fixture *f = *state;
    make(f, "z.gpg");
    make(f, "db/password.gpg");
    make(f, "db/deep/er.gpg");
    assert_listed(f, "**", "db/deep/er db/password z");
    assert_listed(f, "db/*", "db/password");
    assert_listed(f, "db/password", "db/password");
    assert_listed(f, "db", "");
    assert_listed(f, "none/**", "");
}

static void what_is_no_entry_is_passed_over(void **state)
{
    struct fixture *f = *state;
    make(f, ".gpg-id");
    make(f, ".git/x.gpg");
    make(f, ".hidden.gpg");
    make(f, "-option.gpg");
    make(f, "no id.gpg");
    make(f, ".gpg");
    make(f, "notes.txt");
    make(f, "folder.gpg/in.gpg");
    assert_listed(f, "**", "folder.gpg/in");
    assert_listed(f, "folder", "");
    assert_listed(f, "-option", "");
}

static void no_id_leads_out_of_the_folder(void **state)
{
    struct fixture *f = *state;
    static const char *const wrong[] = {"..",   "../x", "a/../../x", ".git/config",
                                        "a/.b", "-f",   "a/-f",      "."};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_int_equal(pass_id_check(wrong[i], &f->e), ERR_INVALID_ARGUMENT);
        assert_listed(f, wrong[i], "");
    }
    assert_int_equal(pass_id_check("a.b/c-d:1", &f->e), 0);
}

static void a_circle_of_links_ends(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *link = str_format("%s/loop", f->folder);
    cleanup_pattern struct pattern all = PATTERN_INIT;
    cleanup_pass_ids struct pass_ids ids = {0};
    assert_int_equal(symlink(".", link), 0);
    assert_int_equal(pattern_parse(&all, "**", 2, NULL), 0);
    assert_int_equal(pass_folder_list(f->folder, &all, &ids, &f->e),
                     ERR_RESOURCE_EXHAUSTED);
}

static void no_folder_is_an_empty_one(void **state)
{
    struct fixture *f = *state;
    struct fixture none = {.folder = "/nonexistent"};
    assert_listed(&none, "**", "");
    assert_listed(&none, "a", "");
    assert_listed(f, "**", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(entries_are_found_in_folders_and_sorted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_no_entry_is_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(no_id_leads_out_of_the_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(a_circle_of_links_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(no_folder_is_an_empty_one, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
