/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

#include "base/clock.h"
#include "shared/plugin.h"

int64_t plugin_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * CLOCK_SECOND + t.tv_nsec;
}

struct waiter waiter_of(struct coffer_plugin *plugin)
{
    struct waiter w = {plugin, CLOCK_NEVER};
    int ms = coffer_plugin_deadline_ms(plugin);
    if (ms >= 0)
        w.deadline = plugin_now() + (ms - PLUGIN_MARGIN_MS) * CLOCK_MILLISECOND;
    return w;
}

struct waiter waiter_within(const struct waiter *w, int64_t ms)
{
    struct waiter within = *w;
    int64_t end = clock_after(plugin_now(), ms * CLOCK_MILLISECOND);
    if (end < within.deadline)
        within.deadline = end;
    return within;
}

int waiter_left_ms(const struct waiter *w, int max)
{
    if (w->deadline == CLOCK_NEVER)
        return max;
    int64_t left = w->deadline - plugin_now();
    if (left <= 0)
        return 0;
    int64_t ms = (left - 1) / CLOCK_MILLISECOND + 1;
    return ms < max ? (int)ms : max;
}

static int wait_by_poll(int fd, short events, int ms, bool *is_ready, struct err *e)
{
    struct pollfd p = {.fd = fd, .events = events};
    int n = poll(&p, 1, ms);
    if (n < 0 && errno != EINTR)
        return err_errno(e, errno, "poll");
    *is_ready = n > 0;
    return 0;
}

static int wait_by_sdk(struct coffer_plugin *plugin, int fd, short events, int ms,
                       bool *is_ready, struct err *e)
{
    struct coffer_error why;
    int r = coffer_plugin_wait(plugin, fd, events, ms, &why);
    *is_ready = r == COFFER_OK;
    if (r == COFFER_CANCELED)
        return err_set(e, ERR_CANCELED, "%s", why.text);
    return r == COFFER_OK || r == COFFER_TIMEOUT ? 0 : err_set(e, ERR_IO, "%s", why.text);
}

int waiter_wait(const struct waiter *w, int fd, short events, int timeout_ms,
                bool *is_ready, struct err *e)
{
    int left = waiter_left_ms(w, timeout_ms < 0 ? INT_MAX : timeout_ms);
    bool is_bound = w->deadline != CLOCK_NEVER || timeout_ms >= 0;
    int ms = is_bound ? left : -1;
    int r = w->plugin ? wait_by_sdk(w->plugin, fd, events, ms, is_ready, e)
                      : wait_by_poll(fd, events, ms, is_ready, e);
    if (!r && w->deadline <= plugin_now())
        return err_set(e, ERR_DEADLINE_EXCEEDED, "the time is over");
    return r;
}

static int wait_for_program(const void *waiter, int fd, struct err *e)
{
    bool is_ready;
    return waiter_wait(waiter, fd, POLLIN, -1, &is_ready, e);
}

int waiter_run(const struct waiter *w, const struct program *c, struct program_end *end,
               struct err *e)
{
    return program_run(c, wait_for_program, w, end, e);
}
