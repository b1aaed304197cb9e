/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/notify.h"

/* The flag is what keeps secrets out of cores; the limit is there for those who look. */
static int forbid_cores(struct err *e)
{
    struct rlimit limit;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        return err_errno(e, errno, "forbid core dumps");
    if (getrlimit(RLIMIT_CORE, &limit))
        return err_errno(e, errno, "forbid core dumps");
    limit.rlim_cur = 0;
    if (setrlimit(RLIMIT_CORE, &limit))
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

static int close_inherited_fds(struct err *e)
{
    if (close_range(NOTIFY_FIRST_FD + notify_passed_fds(), ~0U, 0))
        return err_errno(e, errno, "close inherited descriptors");
    return 0;
}

int harden_process(struct err *e)
{
    umask(077);
    int r = forbid_cores(e);
    if (!r)
        r = open_standard_fds(e);
    return r ? r : close_inherited_fds(e);
}
