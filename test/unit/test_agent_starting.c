/* SPDX-License-Identifier: Apache-2.0 */
/* Starting the secrets engine without blocking: it is a script that says what the test
 * wants. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <fcntl.h>

#include "agent/reference_start.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define WAITS 3

struct fixture {
    char folder[64], engine[96], count[96], seen[96], gate[96];
    uv_loop_t loop;
    struct reference_start start;
    struct reference_wait waits[WAITS];
    size_t told;
    int code;
    struct err e;
    bool asks_again;
};

static void told(int r, const struct err *e, void *user)
{
    struct fixture *f = user;
    f->told++;
    f->code = r;
    if (r)
        f->e = *e;
    if (f->asks_again) {
        f->asks_again = false;
        assert_int_equal(reference_start_wait(&f->start, &f->waits[0], NULL), 0);
    }
}

static int set_up(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof(f));
    strcpy_cut(f.folder, sizeof(f.folder), "/tmp/coffer-starting-XXXXXX");
    if (!mkdtemp(f.folder) || uv_loop_init(&f.loop))
        return -1;
    snprintf(f.engine, sizeof(f.engine), "%s/engine", f.folder);
    snprintf(f.count, sizeof(f.count), "%s/count", f.folder);
    snprintf(f.seen, sizeof(f.seen), "%s/seen", f.folder);
    snprintf(f.gate, sizeof(f.gate), "%s/gate", f.folder);
    setenv("COFFER_HOME", f.folder, 1);
    setenv("COFFER_ENGINED", f.engine, 1);
    reference_start_init(&f.start, &f.loop);
    for (size_t i = 0; i < WAITS; i++) {
        list_init(&f.waits[i].link);
        f.waits[i].done = told;
        f.waits[i].user = &f;
    }
    *state = &f;
    return mkfifo(f.gate, 0600);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *command = str_format("rm -r %s", f->folder);
    reference_start_close(&f->start);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    unsetenv("COFFER_HOME");
    unsetenv("COFFER_ENGINED");
    return system(command);
}

/* An engine that adds a character to the file "count", and then does this; $D is the
 * test's folder. */
static void engine_does(struct fixture *f, const char *script)
{
    cleanup_free char *text =
        str_format("#!/bin/sh\nD=%s\nprintf x >>$D/count\n%s\n", f->folder, script);
    assert_non_null(text);
    assert_int_equal(file_replace(f->engine, 0700, text, strlen(text), NULL), 0);
}

static size_t started(struct fixture *f)
{
    struct stat st;
    return stat(f->count, &st) ? 0 : (size_t)st.st_size;
}

static void wait_for(struct fixture *f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(reference_start_wait(&f->start, &f->waits[i], &f->e), 0);
}

/* Lets an engine go on that waits at the gate. */
static void open_gate(struct fixture *f)
{
    int fd = open(f->gate, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    close(fd);
}

static void all_who_wait_get_one_engine(void **state)
{
    struct fixture *f = *state;
    engine_does(f, "test \"$*\" = '--on-demand --ready-fd 3' && echo ready >&3");
    wait_for(f, WAITS);
    assert_int_equal(f->told, 0);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->told, WAITS);
    assert_int_equal(f->code, 0);
    assert_int_equal(started(f), 1);
    assert_int_equal(waitpid(-1, NULL, 0), -1);
    assert_int_equal(errno, ECHILD);
}

/* Its session is its own; no descriptor beyond the pipe's is open, no signal is ignored
 * or blocked. (Where its shell keeps the script is beyond these.) */
static void it_inherits_nothing(void **state)
{
    struct fixture *f = *state;
    char text[256] = "";
    engine_does(f,
                "{ test \"$(cut -d' ' -f6 /proc/$$/stat)\" = $$ && echo leads\n"
                "for i in 4 5 6 7 8 9; do test -e /proc/$$/fd/$i && echo has $i; done\n"
                "while IFS= read -r line; do\n" /* a shell that forks blocks signals */
                "case $line in SigBlk*|SigIgn*) echo \"$line\" ;; esac\n"
                "done </proc/$$/status; } >$D/seen\n"
                "echo ready >&3");
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    signal(SIGPIPE, SIG_IGN);
    int open_fds[3];
    for (size_t i = 0; i < ARRAY_SIZE(open_fds); i++)
        open_fds[i] = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
    wait_for(f, 1);
    for (size_t i = 0; i < ARRAY_SIZE(open_fds); i++)
        close(open_fds[i]);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &usr1, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    FILE *seen = fopen(f->seen, "re");
    assert_non_null(seen);
    assert_true(fread(text, 1, sizeof(text) - 1, seen) > 0);
    fclose(seen);
    assert_string_equal(text, "leads\nSigBlk:\t0000000000000000\n"
                              "SigIgn:\t0000000000000000\n");
}

static void its_own_reason_is_told(void **state)
{
    struct fixture *f = *state;
    engine_does(f, "printf 'no sto' >&3; echo 're here' >&3");
    wait_for(f, 2);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->told, 2);
    assert_int_equal(f->code, ERR_UNAVAILABLE);
    assert_non_null(strstr(f->e.text, "no store here"));
}

static void one_that_is_missing_is_told_at_once(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *path = strdup(getenv("PATH"));
    unsetenv("COFFER_ENGINED");
    setenv("PATH", f->folder, 1);
    int r = reference_start_wait(&f->start, &f->waits[0], &f->e);
    setenv("PATH", path, 1);
    assert_int_equal(r, ERR_UNAVAILABLE);
    assert_non_null(strstr(f->e.text, "isn't installed"));
}

static void who_was_told_may_ask_again(void **state)
{
    struct fixture *f = *state;
    engine_does(f, "echo ready >&3");
    f->asks_again = true;
    wait_for(f, 1);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->told, 2);
    assert_int_equal(started(f), 2);
}

static void who_is_gone_is_not_told(void **state)
{
    struct fixture *f = *state;
    engine_does(f, "read line <$D/gate\necho ready >&3");
    wait_for(f, 2);
    reference_start_forget(&f->waits[0]);
    open_gate(f);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->told, 1);
    wait_for(f, 2);
    reference_start_close(&f->start);
    open_gate(f);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->told, 1);
}

/* Another program starts an engine: ours waits outside the loop. */
static void it_waits_until_nobody_else_starts_one(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *path = str_format("%s/start.lock", f->folder);
    cleanup_fd int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    engine_does(f, "echo ready >&3");
    wait_for(f, 1);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(started(f) + f->told, 0);
    close(TAKE_FD(lock));
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->told, 1);
    assert_int_equal(f->code, 0);
    assert_int_equal(started(f), 1);
}

static void others_wait_until_it_is_ready(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *path = str_format("%s/start.lock", f->folder);
    engine_does(f, "read line <$D/gate\necho ready >&3");
    wait_for(f, 1);
    cleanup_fd int gate = open(f->gate, O_WRONLY | O_CLOEXEC); /* it runs */
    cleanup_fd int lock = open(path, O_RDWR | O_CLOEXEC);
    assert_true(gate >= 0 && lock >= 0);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), -1);
    close(TAKE_FD(gate));
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->told, 1);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
}

static void a_service_of_systemd_starts_none(void **state)
{
    (void)state;
    setenv("INVOCATION_ID", "0123456789abcdef0123456789abcdef", 1);
    assert_false(reference_start_is_ours());
    unsetenv("INVOCATION_ID");
    assert_true(reference_start_is_ours());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(all_who_wait_get_one_engine),
        TEST(it_inherits_nothing),
        TEST(its_own_reason_is_told),
        TEST(one_that_is_missing_is_told_at_once),
        TEST(who_was_told_may_ask_again),
        TEST(who_is_gone_is_not_told),
        TEST(it_waits_until_nobody_else_starts_one),
        TEST(others_wait_until_it_is_ready),
        TEST(a_service_of_systemd_starts_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
