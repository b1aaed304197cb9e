/* SPDX-License-Identifier: Apache-2.0 */
#include "start/alarm.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define REPEAT_MICROSECONDS 50000

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * CLOCK_SECOND + t.tv_nsec;
}

static void on_alarm(int number)
{
    (void)number;
}

static struct itimerval timer_of(int64_t timeout)
{
    return (struct itimerval){
        .it_value = {timeout / CLOCK_SECOND,
                     timeout % CLOCK_SECOND / CLOCK_MICROSECOND + 1},
        .it_interval = {0, REPEAT_MICROSECONDS},
    };
}

int start_alarm_set(struct start_alarm *a, int64_t timeout, struct err *e)
{
    const struct sigaction action = {.sa_handler = on_alarm}; /* no SA_RESTART */
    struct itimerval timer = timer_of(timeout);
    *a = (struct start_alarm){.end = clock_after(now(), timeout)};
    if (!timeout)
        return 0;
    if (sigaction(SIGALRM, &action, &a->old_action))
        return err_errno(e, errno, "handle SIGALRM");
    if (setitimer(ITIMER_REAL, &timer, &a->old_timer)) {
        int error = errno;
        sigaction(SIGALRM, &a->old_action, NULL);
        return err_errno(e, error, "set a timer");
    }
    a->is_set = true;
    return 0;
}

bool start_alarm_rang(const struct start_alarm *a)
{
    return a->is_set && now() >= a->end;
}

void start_alarm_clear(struct start_alarm *a)
{
    if (!a->is_set)
        return;
    setitimer(ITIMER_REAL, &a->old_timer, NULL);
    sigaction(SIGALRM, &a->old_action, NULL);
    a->is_set = false;
}
