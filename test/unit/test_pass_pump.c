/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pass/pump.h"

/* In place of the C library's: counts how often there was no room. */
static size_t in_vain;

ssize_t write(int fd, const void *bytes, size_t n)
{
    ssize_t done = syscall(SYS_write, fd, bytes, n);
    in_vain += done < 0 && errno == EAGAIN;
    return done;
}

struct fixture {
    struct pump pump; /* from a pipe to a file */
    int in;           /* the pipe's other end */
};

static int set_up(void **state)
{
    static struct fixture f;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    f.in = ends[1];
    f.pump = (struct pump){.from = ends[0], .to = memfd_create("out", MFD_CLOEXEC)};
    assert_true(f.pump.to >= 0);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    pump_close(&f->pump);
    close(f->pump.to);
    close(f->in);
    return 0;
}

static int drain(struct pump *p)
{
    struct pollfd fds[PUMP_FDS];
    int r = pump_end(p, NULL);
    while (!r && !pump_is_done(p)) {
        pump_poll(p, fds);
        assert_true(poll(fds, PUMP_FDS, -1) > 0);
        r = pump_step(p, fds, NULL);
        r = r ? r : pump_end(p, NULL);
    }
    return r;
}

static void what_is_there_at_the_end_goes_out(void **state)
{
    struct fixture *f = *state;
    enum {
        MUCH = 1024 * 1024
    };
    static char bytes[MUCH];
    struct stat st;
    int room = fcntl(f->in, F_SETPIPE_SZ, MUCH); /* less: who isn't root may not more */
    room = room < 0 ? fcntl(f->in, F_GETPIPE_SZ) : room;
    assert_int_equal(write(f->in, bytes, (size_t)room), room);
    assert_int_equal(drain(&f->pump), 0);
    assert_int_equal(fstat(f->pump.to, &st), 0);
    assert_int_equal(st.st_size, room);
}

/* What a command left behind writes as long as it likes. */
static void nobody_who_goes_on_writing_is_waited_for(void **state)
{
    struct fixture *f = *state;
    static const char bytes[4096];
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_int_equal(dup2(nothing, f->pump.to), f->pump.to);
    close(nothing);
    pid_t writer = fork();
    if (writer == 0) {
        close(f->pump.from);
        alarm(20);
        while (write(f->in, bytes, sizeof(bytes)) > 0)
            ;
        _exit(0);
    }
    int status;
    assert_int_equal(drain(&f->pump), 0);
    assert_int_equal(f->pump.from, -1);
    assert_int_equal(f->pump.errnum, 0);
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

/* As when another program that has the same terminal or pipe set it so. */
static void an_output_that_never_blocks_is_waited_for(void **state)
{
    struct fixture *f = *state;
    enum {
        SIZE = 60000
    };
    static char bytes[SIZE];
    int ends[2], status;
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1) > 0);
    assert_int_equal(dup2(ends[1], f->pump.to), f->pump.to);
    close(ends[1]);
    assert_int_equal(fcntl(ends[0], F_SETFL, 0), 0);
    pid_t reader = fork();
    if (reader == 0) {
        close(f->pump.to);
        size_t n = 0;
        for (ssize_t got = 1; got > 0; n += (size_t)got)
            got = read(ends[0], bytes, 100);
        _exit(n != SIZE);
    }
    close(ends[0]);
    assert_int_equal(write(f->in, bytes, SIZE), SIZE);
    in_vain = 0;
    assert_int_equal(drain(&f->pump), 0);
    assert_int_equal(in_vain, 0);
    close(f->pump.to);
    f->pump.to = -1;
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
}

/* What didn't fit is kept. */
static void a_signal_ends_the_wait_for_a_reader(void **state)
{
    struct fixture *f = *state;
    enum {
        SIZE = 60000
    };
    static char bytes[SIZE];
    int ends[2], signals[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(pipe2(signals, O_CLOEXEC), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1) > 0);
    assert_int_equal(dup2(ends[1], f->pump.to), f->pump.to);
    close(ends[1]);
    assert_int_equal(write(f->in, bytes, SIZE), SIZE);
    assert_int_equal(write(signals[1], "x", 1), 1);
    assert_int_equal(pump_catch_up(&f->pump, signals[0], NULL), 0);
    assert_true(f->pump.out.len > 0 && f->pump.from >= 0);
    close(ends[0]);
    close(signals[0]);
    close(signals[1]);
}

static void write_to(struct fixture *f, const char *path)
{
    int out = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(out >= 0);
    assert_int_equal(dup2(out, f->pump.to), f->pump.to);
    close(out);
    assert_int_equal(write(f->in, "x", 1), 1);
    assert_int_equal(drain(&f->pump), 0);
}

static void an_output_that_is_full_is_a_failure(void **state)
{
    struct fixture *f = *state;
    write_to(f, "/dev/full");
    assert_int_equal(f->pump.errnum, ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_there_at_the_end_goes_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_output_that_never_blocks_is_waited_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_signal_ends_the_wait_for_a_reader, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_output_that_is_full_is_a_failure, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nobody_who_goes_on_writing_is_waited_for, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
