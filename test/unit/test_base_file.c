/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/str.h"

struct fixture {
    char folder[64], path[96], temporary[128];
};

static int set_up(void **state)
{
    static struct fixture f;
    strcpy_cut(f.folder, sizeof(f.folder), "/tmp/coffer-file-XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    snprintf(f.path, sizeof(f.path), "%s/it", f.folder);
    snprintf(f.temporary, sizeof(f.temporary), "%s.tmp", f.path);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    (void)remove(f->path);
    assert_int_equal(access(f->temporary, F_OK), -1);
    return rmdir(f->folder);
}

static void assert_content(const struct fixture *f, const char *expected)
{
    cleanup_buf struct buf text = BUF_INIT;
    assert_int_equal(file_read(f->path, 64, &text, NULL), 0);
    assert_string_equal(buf_str(&text), expected);
}

static void a_file_is_replaced_and_has_the_mode_asked_for(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    assert_int_equal(file_replace(f->path, 0600, "old", 3, NULL), 0);
    assert_int_equal(file_replace(f->path, 0644, "new", 3, NULL), 0);
    assert_content(f, "new");
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
}

static void a_link_gives_way_and_what_it_leads_to_stays(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    assert_int_equal(symlink("/dev/null", f->path), 0);
    assert_int_equal(file_replace(f->path, 0600, "new", 3, NULL), 0);
    assert_content(f, "new");
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
}

static void what_is_no_file_stays(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct stat st;
    assert_int_equal(mkfifo(f->path, 0600), 0);
    assert_int_equal(file_replace(f->path, 0600, "new", 3, &e), ERR_FAILED_PRECONDITION);
    assert_non_null(strstr(e.text, f->path));
    assert_int_equal(lstat(f->path, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_replaced_and_has_the_mode_asked_for),
        TEST(a_link_gives_way_and_what_it_leads_to_stays),
        TEST(what_is_no_file_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
