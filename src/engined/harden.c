/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/notify.h"

static int forbid_cores(struct err *e)
{
    static const struct rlimit none = {0, 0};
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || setrlimit(RLIMIT_CORE, &none))
        return err_errno(e, errno, "forbid core dumps");
    return 0;
}

/* Else the first file that is opened becomes standard error, and gets the log. */
static int open_standard_fds(struct err *e)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
        if (fd < 0)
            return err_errno(e, errno, "open /dev/null");
    } while (fd < NOTIFY_FIRST_FD);
    close(fd);
    return 0;
}

static int close_range_of(unsigned first, unsigned last, struct err *e)
{
    if (first <= last && close_range(first, last, 0))
        return err_errno(e, errno, "close inherited descriptors");
    return 0;
}

static int close_inherited_fds(int keep, struct err *e)
{
    unsigned first = NOTIFY_FIRST_FD + notify_passed_fds();
    if (keep < (int)first)
        return close_range_of(first, ~0U, e);
    int r = close_range_of(first, (unsigned)keep - 1, e);
    return r ? r : close_range_of((unsigned)keep + 1, ~0U, e);
}

int harden_process(int keep, struct err *e)
{
    umask(077);
    int r = forbid_cores(e);
    if (!r)
        r = open_standard_fds(e);
    return r ? r : close_inherited_fds(keep, e);
}
