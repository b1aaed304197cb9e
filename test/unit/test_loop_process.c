/* SPDX-License-Identifier: Apache-2.0 */
#include "net_fixture.h"

#include <fcntl.h>
#include <signal.h>

struct fixture {
    struct net net;
    struct process process;
    struct loop_close closing;
    int ends, status, number;
    int out[2]; /* a pipe the child writes to */
    /* of a supervisor */
    const char *script;
    int starts, exits;
    pid_t pid;
    struct err error;
};

static void set_up(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    net_init(&f->net);
    loop_close_init(&f->closing, net_closed, &f->net);
    assert_int_equal(pipe(f->out), 0);
}

static void tear_down(struct fixture *f)
{
    close(f->out[0]);
    close(f->out[1]);
    process_close(&f->process, &f->closing);
    loop_close_end(&f->closing);
    TURN_UNTIL(&f->net, f->net.is_closed);
    net_deinit(&f->net);
}

static void ended(struct process *p, int status, int number, void *user)
{
    struct fixture *f = user;
    f->ends++;
    f->status = status;
    f->number = number;
}

static void run_script(struct fixture *f, const char *script)
{
    static const char *const env[] = {"ONLY=this", NULL};
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct process_options o = {.argv = argv,
                                .env = env,
                                .in = PROCESS_NULL,
                                .out = f->out[1],
                                .error = PROCESS_NULL};
    assert_int_equal(process_start(&f->process, &f->net.loop, &o, ended, f, NULL), 0);
}

/* What the child wrote, once it has ended. */
static void read_output(struct fixture *f, char *out, size_t size)
{
    TURN_UNTIL(&f->net, f->ends);
    ssize_t n = read(f->out[0], out, size - 1);
    assert_true(n >= 0);
    out[n] = '\0';
}

static void the_exit_status_is_told(void **state)
{
    struct fixture f;
    set_up(&f);
    run_script(&f, "exit 7");
    assert_true(process_pid(&f.process) > 0);
    TURN_UNTIL(&f.net, f.ends);
    assert_int_equal(f.status, 7);
    assert_int_equal(f.number, 0);
    tear_down(&f);
    assert_int_equal(f.ends, 1);
}

static void a_child_gets_nothing_but_what_was_given(void **state)
{
    struct fixture f;
    char text[500];
    set_up(&f);
    int leaked = open("/dev/null", O_RDONLY);
    setenv("COFFER_TEST_SECRET", "x", 1);
    run_script(&f, "echo $ONLY-$COFFER_TEST_SECRET-$(pwd); ls /proc/self/fd | wc -w");
    read_output(&f, text, sizeof(text));
    /* ls itself opens the folder: 0, 1, 2 and that one. */
    assert_string_equal(text, "this--/\n4\n");
    close(leaked);
    tear_down(&f);
}

static void descriptors_are_handed_on(void **state)
{
    static const char *const argv[] = {"/bin/sh", "-c", "echo three >&3; echo four >&4",
                                       NULL};
    struct fixture f;
    char text[64];
    int other[2];
    set_up(&f);
    assert_int_equal(pipe(other), 0);
    int handed[] = {f.out[1], other[1]};
    struct process_options o = {.argv = argv,
                                .in = PROCESS_NULL,
                                .out = PROCESS_NULL,
                                .error = PROCESS_NULL,
                                .handed = handed,
                                .n_handed = 2};
    assert_int_equal(process_start(&f.process, &f.net.loop, &o, ended, &f, NULL), 0);
    read_output(&f, text, sizeof(text));
    assert_string_equal(text, "three\n");
    assert_int_equal(read(other[0], text, sizeof(text)), 5);
    close(other[0]);
    close(other[1]);
    tear_down(&f);
}

static void a_program_that_is_not_there_is_an_error(void **state)
{
    struct fixture f;
    struct err e = {0};
    const char *const argv[] = {"/nowhere/program", NULL};
    struct process_options o = {
        .argv = argv, .in = PROCESS_NULL, .out = PROCESS_NULL, .error = PROCESS_NULL};
    set_up(&f);
    assert_int_equal(process_start(&f.process, &f.net.loop, &o, ended, &f, &e),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "/nowhere/program"));
    tear_down(&f);
    assert_int_equal(f.ends, 0);
}

static void a_stubborn_process_is_killed_after_its_grace(void **state)
{
    struct fixture f;
    char c;
    set_up(&f);
    run_script(&f, "trap '' TERM; echo; kill -STOP $$");
    assert_int_equal(read(f.out[0], &c, 1), 1);
    process_stop(&f.process, 20 * CLOCK_MILLISECOND);
    TURN_UNTIL(&f.net, f.ends);
    assert_int_equal(f.number, SIGKILL);
    tear_down(&f);
}

static void closing_kills_and_waits(void **state)
{
    struct fixture f;
    set_up(&f);
    run_script(&f, "exec sleep 100");
    pid_t pid = process_pid(&f.process);
    tear_down(&f);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(f.ends, 0);
}

static void prepare(struct process_options *o, void *user)
{
    static const char *argv[] = {"/bin/sh", "-c", NULL, NULL};
    argv[2] = ((struct fixture *)user)->script;
    o->argv = argv;
}

/* Called from a timer: without the stop the loop would go on to wait for I/O. */
static void started(pid_t pid, void *user)
{
    struct fixture *f = user;
    f->starts++;
    f->pid = pid;
    uv_stop(&f->net.loop);
}

static void exited(const struct err *e, void *user)
{
    struct fixture *f = user;
    f->exits++;
    f->error = *e;
}

static const struct supervisor_events events = {
    .prepare = prepare, .on_start = started, .on_exit = exited};

static void a_supervised_program_is_started_again(void **state)
{
    struct fixture f;
    struct supervisor *s;
    set_up(&f);
    f.script = "exit 3";
    assert_int_equal(supervisor_new(&f.net.loop, &events, &f, &s, NULL), 0);
    supervisor_start(s);
    int64_t before = clock_monotonic();
    TURN_UNTIL(&f.net, f.exits == 3);
    assert_int_equal(f.starts, 3);
    assert_non_null(strstr(f.error.text, "ended with status 3"));
    assert_true(clock_monotonic() - before >=
                3 * SUPERVISOR_DELAY_MIN - CLOCK_SECOND / 50);
    loop_close_hold(&f.closing);
    supervisor_close(s, 0, loop_close_release, &f.closing);
    tear_down(&f);
}

static void closing_a_supervisor_stops_its_program(void **state)
{
    struct fixture f;
    struct supervisor *s;
    set_up(&f);
    f.script = "exec sleep 100";
    assert_int_equal(supervisor_new(&f.net.loop, &events, &f, &s, NULL), 0);
    supervisor_start(s);
    TURN_UNTIL(&f.net, f.starts);
    loop_close_hold(&f.closing);
    supervisor_close(s, CLOCK_MINUTE, loop_close_release, &f.closing);
    tear_down(&f);
    assert_int_equal(f.exits, 0);
    assert_int_equal(kill(f.pid, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exit_status_is_told),
        cmocka_unit_test(a_child_gets_nothing_but_what_was_given),
        cmocka_unit_test(descriptors_are_handed_on),
        cmocka_unit_test(a_program_that_is_not_there_is_an_error),
        cmocka_unit_test(a_stubborn_process_is_killed_after_its_grace),
        cmocka_unit_test(closing_kills_and_waits),
        cmocka_unit_test(a_supervised_program_is_started_again),
        cmocka_unit_test(closing_a_supervisor_stops_its_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
