/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/trust.h"

#define NOBODY 65534

struct fixture {
    char folder[64], file[80], link[80];
    struct err e;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    snprintf(f->folder, sizeof(f->folder), "/tmp/coffer-trust-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->file, sizeof(f->file), "%s/file", f->folder);
    snprintf(f->link, sizeof(f->link), "%s/link", f->folder);
    assert_int_equal(file_write(f->file, 0644, "text", 4, NULL), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    (void)unlink(f->link);
    (void)unlink(f->file);
    (void)rmdir(f->folder);
    free(f);
    return 0;
}

static void is_refused(struct fixture *f, const char *words)
{
    cleanup_buf struct buf text = BUF_INIT;
    assert_int_equal(file_read_trusted(f->file, 100, &text, &f->e),
                     ERR_PERMISSION_DENIED);
    assert_non_null(strstr(err_text(&f->e), words));
    assert_int_equal(text.len, 0);
    assert_int_equal(trust_check_path(f->file, NULL), ERR_PERMISSION_DENIED);
}

static void is_read(const struct fixture *f)
{
    cleanup_buf struct buf text = BUF_INIT;
    assert_int_equal(file_read_trusted(f->file, 100, &text, NULL), 0);
    assert_string_equal(text.data, "text");
    assert_int_equal(trust_check_path(f->file, NULL), 0);
}

static void what_only_its_owner_writes_counts(void **state)
{
    const struct fixture *f = *state;
    is_read(f);
    assert_int_equal(chmod(f->file, 0400), 0);
    is_read(f);
}

static void what_everybody_may_write_is_refused_and_the_remedy_told(void **state)
{
    struct fixture *f = *state;
    char words[160];
    assert_int_equal(chmod(f->file, 0646), 0);
    snprintf(words, sizeof(words), "chmod go-w %s", f->file);
    is_refused(f, words);
    assert_int_equal(chmod(f->file, 0644), 0);
    assert_int_equal(chmod(f->folder, 01777), 0);
    snprintf(words, sizeof(words), "chmod go-w %s", f->folder);
    is_refused(f, words);
    assert_int_equal(chmod(f->folder, 0755), 0);
    is_read(f);
}

static void what_stands_behind_a_nul_is_not_passed_over(void **state)
{
    const struct fixture *f = *state;
    cleanup_buf struct buf text = BUF_INIT;
    assert_int_equal(file_write(f->file, 0600, "allow a\0\ndeny **\n", 18, NULL), 0);
    assert_int_equal(file_read_trusted(f->file, 100, &text, NULL), ERR_DATA_LOSS);
}

static void a_link_is_no_way_around_it(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(symlink(f->file, f->link), 0);
    assert_int_equal(trust_check_path(f->link, NULL), 0);
    assert_int_equal(chmod(f->file, 0666), 0);
    assert_int_equal(trust_check_path(f->link, NULL), ERR_PERMISSION_DENIED);
}

static void what_is_not_there_is_not_found(void **state)
{
    const struct fixture *f = *state;
    assert_int_equal(trust_check_path(f->link, NULL), ERR_NOT_FOUND);
}

static void a_group_counts_as_others_but_for_the_owners_private_one(void **state)
{
    struct fixture *f = *state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(f->file, 0664), 0); /* root's group has nobody else */
    is_read(f);
    assert_int_equal(chown(f->file, 0, NOBODY), 0);
    is_refused(f, "others can write to");
    assert_int_equal(chmod(f->file, 0644), 0);
    is_read(f);
}

static void a_program_is_for_no_group_to_write(void **state)
{
    const struct fixture *f = *state;
    assert_int_equal(trust_check_program(f->file, NULL), 0);
    assert_int_equal(chmod(f->file, 0775), 0);
    assert_int_equal(trust_check_program(f->file, NULL), ERR_PERMISSION_DENIED);
    assert_int_equal(chmod(f->file, 0755), 0);
    assert_int_equal(chmod(f->folder, 0775), 0);
    assert_int_equal(trust_check_program(f->file, NULL), ERR_PERMISSION_DENIED);
}

/* Its mask stands where the group's rights do. */
static void an_access_list_may_name_others(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint32_t version;
        struct {
            uint16_t tag, rights;
            uint32_t id;
        } entries[5];
    } list = {2,
              {{0x01, 6, UINT32_MAX},   /* the owner */
               {0x02, 6, NOBODY},       /* a user */
               {0x04, 4, UINT32_MAX},   /* the group */
               {0x10, 6, UINT32_MAX},   /* the mask */
               {0x20, 4, UINT32_MAX}}}; /* others */
    if (setxattr(f->file, "system.posix_acl_access", &list, sizeof(list), 0))
        skip();
    is_refused(f, "others can write to");
}

static void what_is_another_users_is_refused(void **state)
{
    struct fixture *f = *state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(f->file, NOBODY, NOBODY), 0);
    is_refused(f, "is user 65534's");
    assert_int_equal(chown(f->file, 0, 0), 0);
    assert_int_equal(chown(f->folder, NOBODY, NOBODY), 0);
    is_refused(f, "is user 65534's");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_only_its_owner_writes_counts),
        TEST(what_everybody_may_write_is_refused_and_the_remedy_told),
        TEST(what_stands_behind_a_nul_is_not_passed_over),
        TEST(a_link_is_no_way_around_it),
        TEST(what_is_not_there_is_not_found),
        TEST(a_group_counts_as_others_but_for_the_owners_private_one),
        TEST(a_program_is_for_no_group_to_write),
        TEST(an_access_list_may_name_others),
        TEST(what_is_another_users_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
