/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   start -> RUNNING -> (ended) -> CLEANING -> WAITING -> start
 *
 * A run's handles are closed (CLEANING) before the next one may use their memory again.
 * Closing waits for the program's end, then for the handles.
 */
#include "loop/loop.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

enum supervisor_state {
    SUPERVISOR_IDLE,
    SUPERVISOR_RUNNING,
    SUPERVISOR_CLEANING,
    SUPERVISOR_WAITING,
};

struct supervisor {
    uv_loop_t *loop;
    const struct supervisor_events *events;
    void *user;
    enum supervisor_state state;
    struct process process;
    struct timer delay_timer;
    struct loop_close cleaning;
    struct loop_close closing;
    int64_t delay;
    int64_t started;
    bool is_closing;
    void (*close_cb)(void *user);
    void *close_user;
};

static void supervisor_free(void *user)
{
    struct supervisor *s = user;
    if (s->close_cb)
        s->close_cb(s->close_user);
    free(s);
}

static void supervisor_finish(struct supervisor *s)
{
    loop_close_init(&s->closing, supervisor_free, s);
    timer_close(&s->delay_timer, &s->closing);
    loop_close_end(&s->closing);
}

static void supervisor_cleaned(void *user)
{
    struct supervisor *s = user;
    s->state = SUPERVISOR_WAITING;
    if (s->is_closing)
        supervisor_finish(s);
    else
        timer_start(&s->delay_timer, s->delay);
}

/* The next delay, which the restart after this end waits for. */
static void supervisor_grow_delay(struct supervisor *s)
{
    if (clock_monotonic() - s->started >= SUPERVISOR_STABLE)
        s->delay = 0;
    s->delay = s->delay ? s->delay * 2 : SUPERVISOR_DELAY_MIN;
    if (s->delay > SUPERVISOR_DELAY_MAX)
        s->delay = SUPERVISOR_DELAY_MAX;
}

static void supervisor_run_over(struct supervisor *s, const struct err *e)
{
    supervisor_grow_delay(s);
    s->state = SUPERVISOR_CLEANING;
    loop_close_init(&s->cleaning, supervisor_cleaned, s);
    process_close(&s->process, &s->cleaning);
    if (!s->is_closing && s->events->on_exit)
        s->events->on_exit(e, s->user);
    loop_close_end(&s->cleaning);
}

static void supervisor_process_ended(struct process *p, int status, int number,
                                     void *user)
{
    struct supervisor *s = user;
    struct err e = {0};
    if (number)
        err_set(&e, ERR_UNAVAILABLE, "process %d was ended by signal %d (%s)",
                (int)process_pid(p), number, strsignal(number));
    else
        err_set(&e, ERR_UNAVAILABLE, "process %d ended with status %d",
                (int)process_pid(p), status);
    supervisor_run_over(s, &e);
}

static void supervisor_run(void *user)
{
    struct supervisor *s = user;
    struct process_options o = {
        .in = PROCESS_NULL, .out = PROCESS_NULL, .error = PROCESS_NULL};
    struct err e = {0};
    s->events->prepare(&o, s->user);
    s->started = clock_monotonic();
    s->state = SUPERVISOR_RUNNING;
    if (process_start(&s->process, s->loop, &o, supervisor_process_ended, s, &e))
        supervisor_run_over(s, &e);
    else if (s->events->on_start)
        s->events->on_start(process_pid(&s->process), s->user);
}

int supervisor_new(uv_loop_t *loop, const struct supervisor_events *events, void *user,
                   struct supervisor **out, struct err *e)
{
    struct supervisor *s = calloc(1, sizeof(*s));
    if (!s)
        return err_no_memory(e);
    s->loop = loop;
    s->events = events;
    s->user = user;
    timer_init(&s->delay_timer, loop, supervisor_run, s);
    *out = s;
    return 0;
}

void supervisor_start(struct supervisor *s)
{
    assert(s->state == SUPERVISOR_IDLE);
    s->state = SUPERVISOR_WAITING;
    timer_start(&s->delay_timer, 0);
}

void supervisor_close(struct supervisor *s, int64_t grace, void (*cb)(void *user),
                      void *user)
{
    assert(!s->is_closing);
    s->is_closing = true;
    s->close_cb = cb;
    s->close_user = user;
    timer_cancel(&s->delay_timer);
    if (s->state == SUPERVISOR_RUNNING)
        process_stop(&s->process, grace);
    else if (s->state != SUPERVISOR_CLEANING)
        supervisor_finish(s);
}
