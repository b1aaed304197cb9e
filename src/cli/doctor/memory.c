/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/doctor/doctor.h"

/* Secrets lie in a file system in memory that must not be swapped out. Whether the kernel
 * has one is tried: a child mounts it in a mount namespace of its own, and is gone. */

enum tried {
    TRIED_WORKS,
    TRIED_FAILS,
    TRIED_NOT
};

/* In the child: 0 when the mount works, 1 when it doesn't, 2 when it can't be tried. */
static int try_in_child(const char *type, const char *options)
{
    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
        return 2;
    return mount("coffer-doctor", "/tmp", type, MS_NOSUID | MS_NODEV | MS_NOEXEC, options)
               ? 1
               : 0;
}

static enum tried try_mount(const char *type, const char *options)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        return TRIED_NOT;
    if (child == 0)
        _exit(try_in_child(type, options));
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return TRIED_NOT;
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
        return TRIED_NOT;
    return WEXITSTATUS(status) ? TRIED_FAILS : TRIED_WORKS;
}

static bool has_swap(const struct doctor *d, char *first, size_t size)
{
    char line[256];
    bool found = false;
    FILE *f = doctor_open(d, "/proc/swaps");
    if (!f)
        return false;
    if (fgets(line, sizeof(line), f) && fgets(line, sizeof(line), f)) {
        found = true;
        line[strcspn(line, " \t\n")] = '\0';
        strcpy_cut(first, size, line);
    }
    fclose(f);
    return found;
}

static void check_swap(struct doctor *d, bool safe)
{
    char device[128] = "";
    if (!has_swap(d, device, sizeof(device)))
        doctor_add(d, DOCTOR_OK, "swap", NULL, "none");
    else if (safe)
        doctor_add(d, DOCTOR_WARN, "swap",
                   "The files of secrets stay out of it, but what a program has read "
                   "doesn't: encrypt the swap.",
                   "%s is in use", device);
    else
        doctor_add(
            d, DOCTOR_FAIL, "swap",
            "The files of secrets may be written to it: switch it off, encrypt it, "
            "or run Linux 6.4.",
            "%s is in use", device);
}

void doctor_check_memory(struct doctor *d)
{
    enum tried noswap = try_mount("tmpfs", "noswap,size=4096");
    enum tried ramfs = noswap == TRIED_FAILS ? try_mount("ramfs", "") : TRIED_NOT;
    if (noswap == TRIED_WORKS)
        doctor_add(d, DOCTOR_OK, "secrets in memory", NULL, "tmpfs with noswap works");
    else if (ramfs == TRIED_WORKS)
        doctor_add(d, DOCTOR_OK, "secrets in memory", NULL,
                   "tmpfs with noswap needs Linux 6.4; ramfs is used, which is never "
                   "swapped either");
    else if (noswap == TRIED_FAILS)
        doctor_add(d, DOCTOR_WARN, "secrets in memory",
                   "Load the module ramfs, or run Linux 6.4; until then plain tmpfs is "
                   "used.",
                   "neither tmpfs with noswap nor ramfs can be mounted");
    else
        doctor_add(d, DOCTOR_WARN, "secrets in memory", "Run this check as root.",
                   "mounting can't be tried");
    check_swap(d, noswap == TRIED_WORKS || ramfs == TRIED_WORKS);
}
