/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

#define FIRST_FD 3

/* More sockets than this, nobody passes; the number comes from outside. */
#define LISTEN_FDS_MAX 64

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
    } while (fd < FIRST_FD);
    close(fd);
    return 0;
}

/* How many sockets the service manager passed to this process. */
static unsigned passed_sockets(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    uint64_t n;
    if (!pid || !count || !str_to_u64(pid, &n) || n != (uint64_t)getpid())
        return 0;
    if (!str_to_u64(count, &n) || n > LISTEN_FDS_MAX)
        return 0;
    return (unsigned)n;
}

static int close_inherited_fds(struct err *e)
{
    if (close_range(FIRST_FD + passed_sockets(), ~0U, 0))
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
