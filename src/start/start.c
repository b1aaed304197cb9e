/* SPDX-License-Identifier: Apache-2.0 */
#include "start/start.h"

#include <errno.h>
#include <poll.h>
#include <sys/file.h>

#include "base/file.h"
#include "base/mem.h"
#include "start/alarm.h"
#include "start/launch.h"

/* Waits until nobody else is starting an engine. */
static int take_lock(int fd, const char *folder, const struct start_alarm *alarm,
                     struct err *e)
{
    while (flock(fd, LOCK_EX)) {
        if (errno != EINTR)
            return err_errno(e, errno, "lock the starting of engines in %s", folder);
        if (start_alarm_rang(alarm))
            return start_launch_too_late(e);
    }
    return 0;
}

static int wait_ready(struct start_launch *l, const struct start_alarm *alarm,
                      struct err *e)
{
    struct pollfd p = {.fd = l->ready, .events = POLLIN};
    bool is_ready = false;
    int r = 0;
    while (!r && !is_ready) {
        if (poll(&p, 1, -1) < 0 && errno != EINTR)
            return err_errno(e, errno, "wait for the secrets engine");
        r = start_launch_read(l, &is_ready, e);
        if (!r && !is_ready && start_alarm_rang(alarm))
            r = start_launch_too_late(e);
    }
    return r;
}

static int start_within(start_asked *asked, void *user, bool is_service,
                        const struct start_alarm *alarm, struct err *e)
{
    cleanup_start_launch struct start_launch launch = START_LAUNCH_INIT;
    cleanup_free char *folder = NULL;
    cleanup_fd int lock = -1;
    int r = start_lock_open(&folder, &lock, e);
    if (!r)
        r = take_lock(lock, folder, alarm, e);
    if (r || !asked(user, NULL))
        return r;
    r = start_launch_begin(&launch, TAKE(folder), TAKE_FD(lock), 0, is_service, e);
    return r ? r : wait_ready(&launch, alarm, e);
}

int start_engine(start_asked *asked, void *user, const struct start_options *how,
                 struct err *e)
{
    struct start_alarm alarm;
    int r = start_alarm_set(&alarm, how->timeout, e);
    if (r)
        return r;
    r = start_within(asked, user, how->is_service, &alarm, e);
    start_alarm_clear(&alarm);
    return r;
}
