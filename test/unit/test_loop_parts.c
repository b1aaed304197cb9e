/* SPDX-License-Identifier: Apache-2.0 */
#include "net_fixture.h"

#include <signal.h>
#include <sys/wait.h>

struct fixture {
    struct net net;
    int fired;
    int order[4];
    struct loop_close closing;
};

static void set_up(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    net_init(&f->net);
    loop_close_init(&f->closing, net_closed, &f->net);
}

static void tear_down(struct fixture *f)
{
    loop_close_end(&f->closing);
    TURN_UNTIL(&f->net, f->net.is_closed);
    net_deinit(&f->net);
}

static void fire(void *user)
{
    ((struct fixture *)user)->fired++;
}

static void the_clocks_go_on(void **state)
{
    int64_t a = clock_monotonic(), b = clock_monotonic();
    assert_true(b >= a);
    assert_true(clock_now() > INT64_C(1700000000) * CLOCK_SECOND);
}

static void a_timer_fires_once_and_can_be_set_anew(void **state)
{
    struct fixture f;
    struct timer t;
    set_up(&f);
    timer_init(&t, &f.net.loop, fire, &f);
    timer_start(&t, CLOCK_HOUR);
    assert_true(timer_is_running(&t));
    int64_t before = clock_monotonic();
    timer_start(&t, 5 * CLOCK_MILLISECOND);
    TURN_UNTIL(&f.net, f.fired);
    assert_true(clock_monotonic() - before >= 4 * CLOCK_MILLISECOND);
    assert_false(timer_is_running(&t));
    timer_start(&t, -1);
    TURN_UNTIL(&f.net, f.fired == 2);
    timer_start(&t, 0);
    timer_cancel(&t);
    timer_close(&t, &f.closing);
    timer_close(&t, &f.closing);
    tear_down(&f);
    assert_int_equal(f.fired, 2);
}

static void what_was_never_started_closes_without_harm(void **state)
{
    struct fixture f;
    struct timer t = {0};
    struct pidfd_watch w = {0};
    struct process p = {0};
    struct signal_watch s = {0};
    struct defer_queue q = {0};
    set_up(&f);
    timer_cancel(&t);
    timer_close(&t, &f.closing);
    pidfd_watch_close(&w, &f.closing);
    process_close(&p, &f.closing);
    signal_watch_close(&s, &f.closing);
    defer_queue_close(&q, &f.closing);
    tear_down(&f);
}

struct deferring {
    struct fixture f;
    struct defer_queue queue;
    struct defer a, b, c;
};

static void defer_a(void *user)
{
    struct deferring *d = user;
    d->f.order[d->f.fired++] = 'a';
    defer_cancel(&d->c);
    defer_start(&d->a, &d->queue);
}

static void defer_b(void *user)
{
    struct deferring *d = user;
    d->f.order[d->f.fired++] = 'b';
    defer_cancel(&d->a);
}

static void defer_closing(void *user)
{
    struct deferring *d = user;
    d->f.fired++;
    defer_queue_close(&d->queue, &d->f.closing);
}

static void no_deferred_callback_comes_after_the_close(void **state)
{
    struct deferring d;
    set_up(&d.f);
    defer_queue_init(&d.queue, &d.f.net.loop);
    defer_init(&d.a, defer_closing, &d);
    defer_init(&d.b, fire, &d.f);
    defer_start(&d.a, &d.queue);
    defer_start(&d.b, &d.queue);
    TURN_UNTIL(&d.f.net, d.f.fired);
    tear_down(&d.f);
    assert_int_equal(d.f.fired, 1);
}

static void deferred_callbacks_come_in_order_once(void **state)
{
    struct deferring d;
    set_up(&d.f);
    defer_queue_init(&d.queue, &d.f.net.loop);
    defer_init(&d.a, defer_a, &d);
    defer_init(&d.b, defer_b, &d);
    defer_init(&d.c, fire, &d.f);
    defer_start(&d.a, &d.queue);
    defer_start(&d.a, &d.queue);
    defer_start(&d.b, &d.queue);
    defer_start(&d.c, &d.queue);
    assert_int_equal(d.f.fired, 0);
    TURN_UNTIL(&d.f.net, d.f.fired == 2);
    assert_int_equal(d.f.order[0], 'a');
    assert_int_equal(d.f.order[1], 'b');
    defer_start(&d.c, &d.queue);
    defer_queue_close(&d.queue, &d.f.closing);
    tear_down(&d.f);
    assert_int_equal(d.f.fired, 2);
}

struct turns {
    struct fixture f;
    struct work_queue queue;
    struct turning {
        struct work_turn turn;
        struct turns *all;
        int seen; /* of those that had run, when it ran */
    } items[6];
    int ran;
};

static void run_turn(struct work_turn *t)
{
    struct turning *k = CONTAINER_OF(t, struct turning, turn);
    k->seen = k->all->ran++; /* no lock: nobody else runs */
}

static void turn_done(struct work_turn *t)
{
    struct turning *k = CONTAINER_OF(t, struct turning, turn);
    k->all->f.fired++;
}

static void last_but_one_done(struct work_turn *t)
{
    struct turns *all = CONTAINER_OF(t, struct turning, turn)->all;
    work_queue_add(&all->queue, &all->items[5].turn, run_turn, turn_done);
    turn_done(t);
}

static void turns_run_one_after_the_other_and_the_close_waits(void **state)
{
    struct turns s = {0};
    (void)state;
    set_up(&s.f);
    work_queue_init(&s.queue, &s.f.net.loop);
    for (size_t i = 0; i < 6; i++)
        s.items[i].all = &s;
    for (size_t i = 0; i < 5; i++)
        work_queue_add(&s.queue, &s.items[i].turn, run_turn,
                       i < 4 ? turn_done : last_but_one_done);
    work_queue_close(&s.queue, &s.f.closing);
    tear_down(&s.f);
    assert_int_equal(s.f.fired, 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(s.items[i].seen, i);
}

static void an_idle_queue_closes_at_once(void **state)
{
    struct fixture f;
    struct work_queue q;
    (void)state;
    set_up(&f);
    work_queue_init(&q, &f.net.loop);
    work_queue_close(&q, &f.closing);
    tear_down(&f);
}

static void the_end_of_any_process_is_seen(void **state)
{
    struct fixture f;
    struct pidfd_watch w = {0};
    int pipes[2];
    set_up(&f);
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char c;
        close(pipes[1]);
        _exit(read(pipes[0], &c, 1) == 0 ? 0 : 1);
    }
    assert_int_equal(pidfd_watch_start(&w, &f.net.loop, pid, fire, &f, NULL), 0);
    uv_run(&f.net.loop, UV_RUN_NOWAIT);
    assert_int_equal(f.fired, 0);
    close(pipes[0]);
    close(pipes[1]);
    TURN_UNTIL(&f.net, f.fired);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    pidfd_watch_close(&w, &f.closing);
    struct pidfd_watch gone = {0};
    assert_int_equal(pidfd_watch_start(&gone, &f.net.loop, pid, fire, &f, NULL),
                     ERR_NOT_FOUND);
    tear_down(&f);
    assert_int_equal(f.fired, 1);
}

static void signal_seen(int number, void *user)
{
    ((struct fixture *)user)->fired = number;
}

static void signals_are_seen(void **state)
{
    struct fixture f;
    struct signal_watch w = {0};
    set_up(&f);
    assert_int_equal(signal_watch_start(&w, &f.net.loop, SIGHUP, signal_seen, &f, NULL),
                     0);
    kill(getpid(), SIGHUP);
    TURN_UNTIL(&f.net, f.fired == SIGHUP);
    signal_watch_close(&w, &f.closing);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clocks_go_on),
        cmocka_unit_test(a_timer_fires_once_and_can_be_set_anew),
        cmocka_unit_test(what_was_never_started_closes_without_harm),
        cmocka_unit_test(deferred_callbacks_come_in_order_once),
        cmocka_unit_test(no_deferred_callback_comes_after_the_close),
        cmocka_unit_test(turns_run_one_after_the_other_and_the_close_waits),
        cmocka_unit_test(an_idle_queue_closes_at_once),
        cmocka_unit_test(the_end_of_any_process_is_seen),
        cmocka_unit_test(signals_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
