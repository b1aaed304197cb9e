/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>

#include "base/err.h"

/*
 * A deadline for calls that wait without one of their own (flock): they end with EINTR
 * when it has come. The signal comes again and again from then on, so that one that comes
 * just before a call begins to wait is no wait for ever.
 */
struct start_alarm {
    bool is_set;
    int64_t end; /* of the monotonic clock */
    struct sigaction old_action;
    struct itimerval old_timer;
};

/* timeout in nanoseconds; 0: there is none, and start_alarm_rang() is never true. */
int start_alarm_set(struct start_alarm *a, int64_t timeout, struct err *e) MUST_CHECK;
bool start_alarm_rang(const struct start_alarm *a);
void start_alarm_clear(struct start_alarm *a);
