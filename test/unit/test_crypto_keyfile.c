/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "crypto/keyring.h"

struct fixture {
    char folder[64];
    char path[96];
    struct keyring *ring;
    struct err e;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    strcpy_cut(f->folder, sizeof(f->folder), "/tmp/coffer-keyfile-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof(f->path), "%s/keys", f->folder);
    assert_int_equal(crypto_init(&f->e), 0);
    assert_int_equal(keyring_new(&f->ring), 0);
    assert_int_equal(keyfile_save(f->path, f->ring, &f->e), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char temporary[128];
    snprintf(temporary, sizeof(temporary), "%s.tmp", f->path);
    unlink(temporary);
    rmdir(temporary);
    unlink(f->path);
    rmdir(f->path);
    assert_int_equal(rmdir(f->folder), 0);
    keyring_free(f->ring);
    free(f);
    return 0;
}

/* Does the file hold a ring that opens what f's ring seals now? */
static bool holds_the_ring(struct fixture *f)
{
    struct keyring *read = NULL;
    struct buf sealed = BUF_INIT, plain = BUF_INIT;
    assert_int_equal(keyring_seal(f->ring, "x", "v", 1, &sealed), 0);
    assert_int_equal(keyfile_load(f->path, &read, &f->e), 0);
    bool same = keyring_is_current(read, sealed.data, sealed.len) &&
                keyring_count(read) == keyring_count(f->ring) &&
                keyring_open(read, "x", sealed.data, sealed.len, &plain, NULL) == 0;
    keyring_free(read);
    buf_deinit(&sealed);
    buf_deinit(&plain);
    return same;
}

static void a_saved_ring_is_loaded_again(void **state)
{
    struct fixture *f = *state;
    assert_true(holds_the_ring(f));
}

static void the_file_is_its_owners_alone_whatever_the_umask(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    mode_t old = umask(0);
    assert_int_equal(keyfile_save(f->path, f->ring, &f->e), 0);
    umask(old);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_file_that_others_may_read_is_refused(void **state)
{
    struct fixture *f = *state;
    struct keyring *read = NULL;
    assert_int_equal(chmod(f->path, 0640), 0);
    assert_int_equal(keyfile_load(f->path, &read, &f->e), ERR_PERMISSION_DENIED);
    assert_non_null(strstr(f->e.text, f->path));
}

static void no_file_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct keyring *read = NULL;
    unlink(f->path);
    assert_int_equal(keyfile_load(f->path, &read, &f->e), ERR_NOT_FOUND);
    assert_non_null(strstr(f->e.text, f->path));
}

static void write_file(struct fixture *f, const char *data, size_t n)
{
    assert_int_equal(file_replace(f->path, 0600, data, n, &f->e), 0);
}

static void assert_damaged(struct fixture *f)
{
    struct keyring *read = NULL;
    f->e = (struct err){0};
    assert_int_equal(keyfile_load(f->path, &read, &f->e), ERR_DATA_LOSS);
    assert_non_null(strstr(f->e.text, f->path));
}

static void every_flipped_bit_is_found(void **state)
{
    struct fixture *f = *state;
    struct buf file = BUF_INIT;
    struct keyring *read = NULL;
    assert_int_equal(file_read(f->path, 4096, &file, &f->e), 0);
    for (size_t bit = 0; bit < 8 * file.len; bit++) {
        file.data[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_equal(keyfile_parse(&file, &read, &f->e), ERR_DATA_LOSS);
        file.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    buf_deinit(&file);
}

static void every_cut_and_every_tail_is_found(void **state)
{
    struct fixture *f = *state;
    struct buf file = BUF_INIT;
    struct keyring *read = NULL;
    assert_int_equal(file_read(f->path, 4096, &file, &f->e), 0);
    size_t whole = file.len;
    for (file.len = 0; file.len < whole; file.len++)
        assert_int_equal(keyfile_parse(&file, &read, &f->e), ERR_DATA_LOSS);
    assert_int_equal(buf_append_char(&file, 'x'), 0);
    assert_int_equal(keyfile_parse(&file, &read, &f->e), ERR_DATA_LOSS);
    buf_deinit(&file);
}

static void foreign_files_are_refused_by_name(void **state)
{
    struct fixture *f = *state;
    static const char zeros[8192];
    write_file(f, "", 0);
    assert_damaged(f);
    write_file(f, "-----BEGIN PRIVATE KEY-----\n", 28);
    assert_damaged(f);
    write_file(f, zeros, sizeof(zeros));
    assert_damaged(f);
    unlink(f->path);
    assert_int_equal(symlink("/dev/zero", f->path), 0);
    assert_damaged(f);
    unlink(f->path);
    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_damaged(f);
}

static void a_temporary_file_of_a_crash_does_no_harm(void **state)
{
    struct fixture *f = *state;
    char temporary[128];
    snprintf(temporary, sizeof(temporary), "%s.tmp", f->path);
    assert_int_equal(file_replace(temporary, 0644, "half", 4, &f->e), 0);
    assert_true(holds_the_ring(f));
    assert_int_equal(keyfile_save(f->path, f->ring, &f->e), 0);
    assert_true(holds_the_ring(f));
    assert_int_equal(access(temporary, F_OK), -1);
}

static void rotation_is_in_the_file_before_it_is_in_the_ring(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(keyfile_rotate(f->path, f->ring, &f->e), 0);
    assert_int_equal(keyring_count(f->ring), 2);
    assert_true(holds_the_ring(f));
    assert_int_equal(keyfile_drop_old(f->path, f->ring, &f->e), 0);
    assert_int_equal(keyring_count(f->ring), 1);
    assert_true(holds_the_ring(f));
}

static void a_rotation_that_cant_be_saved_leaves_ring_and_file(void **state)
{
    struct fixture *f = *state;
    char temporary[128];
    snprintf(temporary, sizeof(temporary), "%s.tmp", f->path);
    assert_int_equal(mkdir(temporary, 0700), 0);
    assert_int_not_equal(keyfile_rotate(f->path, f->ring, &f->e), 0);
    assert_int_equal(keyring_count(f->ring), 1);
    assert_true(holds_the_ring(f));
    assert_int_not_equal(keyfile_drop_old(f->path, f->ring, &f->e), 0);
    assert_true(holds_the_ring(f));
}

static void a_full_disk_keeps_the_old_file(void **state)
{
    struct fixture *f = *state;
    if (mount("none", f->folder, "tmpfs", 0, "size=4096,nr_inodes=4") != 0) {
        print_message("skipped: a tmpfs can't be mounted here\n");
        skip();
    }
    char filler[96];
    snprintf(filler, sizeof(filler), "%s/filler", f->folder);
    static const char page[4096];
    assert_int_equal(file_replace(filler, 0600, page, sizeof(page), &f->e), 0);
    int r = keyfile_save(f->path, f->ring, &f->e);
    assert_int_equal(umount2(f->folder, MNT_DETACH), 0);
    assert_int_equal(r, ERR_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(f->e.text, f->path));
}

/* Locked memory is a wish: hosts that restrict it get unlocked, still guarded memory. */
static void a_host_without_locked_memory_still_gets_keys(void **state)
{
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &old), 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &none), 0);
    struct keyring *ring = NULL;
    int r = keyring_new(&ring);
    keyring_free(ring);
    assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &old), 0);
    assert_int_equal(r, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_saved_ring_is_loaded_again),
        TEST(the_file_is_its_owners_alone_whatever_the_umask),
        TEST(a_file_that_others_may_read_is_refused),
        TEST(no_file_is_not_found),
        TEST(every_flipped_bit_is_found),
        TEST(every_cut_and_every_tail_is_found),
        TEST(foreign_files_are_refused_by_name),
        TEST(a_temporary_file_of_a_crash_does_no_harm),
        TEST(rotation_is_in_the_file_before_it_is_in_the_ring),
        TEST(a_rotation_that_cant_be_saved_leaves_ring_and_file),
        TEST(a_full_disk_keeps_the_old_file),
        TEST(a_host_without_locked_memory_still_gets_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
