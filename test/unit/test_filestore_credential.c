/* SPDX-License-Identifier: Apache-2.0 */
/* A key given to a program in systemd-creds' place, which does as the test says. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "filestore/private.h"

struct fixture {
    char folder[64];
    char *path, *old_path;
    struct buf text, out;
    struct err e;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy_cut(f->folder, sizeof(f->folder), "/tmp/test-credential-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    f->path = str_format("%s/systemd-creds", f->folder);
    f->old_path = mem_dup(getenv("PATH"), strlen(getenv("PATH")));
    assert_int_equal(buf_append_str(&f->text, "AGE-SECRET-KEY-1"), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    setenv("PATH", f->old_path, 1);
    unlink(f->path);
    rmdir(f->folder);
    buf_deinit(&f->text);
    buf_deinit(&f->out);
    free(f->path);
    free(f->old_path);
    free(f);
    return 0;
}

/* What stands in the program's place: a line of a shell. */
static void install(struct fixture *f, const char *line)
{
    cleanup_free char *path = str_format("%s:%s", f->folder, f->old_path);
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", line);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(f->path, 0700), 0);
    setenv("PATH", path, 1);
}

static void a_key_comes_back_as_it_was(void **state)
{
    struct fixture *f = *state;
    cleanup_buf struct buf again = BUF_INIT;
    install(f, "[ \"$2\" = --name=coffer-key ] || exit 1\n"
               "case $1 in encrypt) exec base64;; decrypt) exec base64 -d;; esac");
    assert_int_equal(filestore_credential_seal(&f->text, &f->out, &f->e), 0);
    assert_true(filestore_is_credential(&f->out));
    assert_int_equal(filestore_credential_open(&f->out, &again, &f->e), 0);
    assert_string_equal(buf_str(&again), "AGE-SECRET-KEY-1");
}

static void one_that_does_not_come_back_is_an_error(void **state)
{
    struct fixture *f = *state;
    install(f, "echo c29tZXRoaW5nIGVsc2U=");
    assert_int_equal(filestore_credential_seal(&f->text, &f->out, &f->e), ERR_IO);
}

static void its_last_line_is_the_reason(void **state)
{
    struct fixture *f = *state;
    install(f, "echo a remark >&2; printf 'the \\033reason\\n\\n' >&2; exit 1");
    assert_int_equal(filestore_credential_open(&f->text, &f->out, &f->e),
                     ERR_PERMISSION_DENIED);
    assert_string_equal(f->e.text, "systemd-creds: the ?reason");
    assert_int_equal(f->out.len, 0);
}

static void endless_output_is_an_error(void **state)
{
    struct fixture *f = *state;
    install(f, "exec yes");
    assert_int_equal(filestore_credential_open(&f->text, &f->out, &f->e),
                     ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(f->out.len, 0);
}

static void one_that_stands_still_is_not_waited_for(void **state)
{
    struct fixture *f = *state;
    struct timespec from, to;
    install(f, "exec sleep 60");
    clock_gettime(CLOCK_MONOTONIC, &from);
    assert_int_equal(filestore_credential_open(&f->text, &f->out, &f->e),
                     ERR_DEADLINE_EXCEEDED);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_string_equal(f->e.text, "systemd-creds does not end in time");
    assert_true(to.tv_sec - from.tv_sec < 30);
}

static void a_host_without_it_is_told(void **state)
{
    struct fixture *f = *state;
    setenv("PATH", f->folder, 1);
    assert_int_equal(filestore_credential_open(&f->text, &f->out, &f->e),
                     ERR_UNIMPLEMENTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_key_comes_back_as_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_does_not_come_back_is_an_error, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(its_last_line_is_the_reason, setup, teardown),
        cmocka_unit_test_setup_teardown(endless_output_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_stands_still_is_not_waited_for, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_host_without_it_is_told, setup, teardown),
    };
    signal(SIGPIPE, SIG_IGN); /* as plugins do */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
