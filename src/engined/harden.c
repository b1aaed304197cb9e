/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/swap.h"
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

/* ---- memory ---- */

/* Of a limited lock: the most that is locked, what is left for pages at the edges, and
 * from what size on a block is no part of the heap (the C library's most). */
#define LOCKED_MAX ((rlim_t)24 << 20)
#define LOCKED_REST ((rlim_t)64 << 10)
#define BLOCK_MAX (32 << 20)

/* As much as we may; root may take the limit away. */
static rlim_t raise_limit(void)
{
    static const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    struct rlimit now;
    if (setrlimit(RLIMIT_MEMLOCK, &none) == 0)
        return RLIM_INFINITY;
    if (getrlimit(RLIMIT_MEMLOCK, &now))
        return 0;
    now.rlim_cur = now.rlim_max;
    return setrlimit(RLIMIT_MEMLOCK, &now) ? 0 : now.rlim_cur;
}

static size_t locked; /* bytes; SIZE_MAX: all */

/* One heap, for all threads and long blocks too, that never gets shorter than that. */
static bool lock_heap(size_t n)
{
    if (!mallopt(M_ARENA_MAX, 1) || !mallopt(M_MMAP_THRESHOLD, BLOCK_MAX) ||
        !mallopt(M_TOP_PAD, (int)n) || !mallopt(M_TRIM_THRESHOLD, 2 * (int)n))
        return false;
    void *heap = malloc(n);
    bool is_locked = heap && !mlock2(heap, n, MLOCK_ONFAULT);
    free(heap);
    return is_locked;
}

void harden_memory(void)
{
    rlim_t limit = raise_limit();
    size_t n = (limit < LOCKED_MAX ? limit : LOCKED_MAX) - LOCKED_REST;
    if (limit == RLIM_INFINITY)
        locked = mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) ? 0 : SIZE_MAX;
    else if (limit > LOCKED_REST)
        locked = lock_heap(n) ? n : 0;
}

void harden_tell_memory(void)
{
    if (locked == SIZE_MAX || !swap_is_there())
        return;
    log_warn("%s may be written to the swap: %zu KiB of memory are locked (see "
             "LimitMEMLOCK=, ulimit -l)",
             locked ? "what doesn't fit into locked memory" : "values", locked / 1024);
}
