/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mark is "COFFER_PLUGIN_RUN=PID START TIME": the engine's process and when that began,
 * in the kernel's words, which no other process ever has both of until the next boot, and
 * when the run began.
 */
#include "engined/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "loop/clock.h"

/* The kernel's bounds: of an environment with what else it hands a program, and far over
 * what it says of a process. */
#define ENVIRONMENT_MAX (8 << 20)
#define STATUS_MAX 65536

/* Whoever is killed may have started one more just before. */
#define LOOKS_MAX 16

#define PREFIX LEFTOVERS_VARIABLE "="

/* ---- what /proc says ---- */

static int read_proc(pid_t pid, const char *file, size_t max, struct buf *out)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    return file_read(path, max, out, NULL);
}

/* When it began, in ticks since the boot. 0: nobody says, which isn't that it is gone: it
 * may be hidden (hidepid), or what is needed to read it may lack. */
static uint64_t start_of(pid_t pid)
{
    cleanup_buf struct buf text = BUF_INIT;
    if (read_proc(pid, "stat", STATUS_MAX, &text))
        return 0;
    const char *start = process_stat_word(buf_str(&text), 20);
    return start ? strtoull(start, NULL, 10) : 0;
}

/* Of this user, and whatever it was given it can't have got more. */
static bool is_confined(pid_t pid)
{
    char user[32];
    cleanup_buf struct buf text = BUF_INIT;
    snprintf(user, sizeof(user), "\nUid:\t%u\t", (unsigned)geteuid());
    return !read_proc(pid, "status", STATUS_MAX, &text) && strstr(buf_str(&text), user) &&
           strstr(buf_str(&text), "\nNoNewPrivs:\t1\n");
}

/* The mark, as it stands in the environment; NULL: it has none. */
static const char *find_mark(const struct buf *environment)
{
    const char *end = environment->data + environment->len;
    for (const char *at = environment->data; at && at < end; at += strlen(at) + 1)
        if (str_starts_with(at, PREFIX))
            return at;
    return NULL;
}

/* ---- marks ---- */

char *leftovers_mark(void)
{
    return str_format(PREFIX "%d %llu %lld", (int)getpid(),
                      (unsigned long long)start_of(getpid()),
                      (long long)clock_monotonic());
}

/* Its number is nobody's, or certainly another's. */
static bool is_gone(pid_t pid, uint64_t start)
{
    if (kill(pid, 0) && errno == ESRCH)
        return true;
    uint64_t its = start_of(pid);
    return its && its != start;
}

static bool is_orphan(const char *mark)
{
    char *rest;
    long pid = strtol(mark + strlen(PREFIX), &rest, 10);
    uint64_t start = strtoull(rest, NULL, 10);
    return pid > 0 && pid <= INT32_MAX && start && is_gone((pid_t)pid, start);
}

/* wanted NULL: any whose engine is gone. */
static bool is_left(pid_t pid, const char *wanted)
{
    cleanup_buf struct buf environment = BUF_INIT;
    if (!is_confined(pid) || process_is_elsewhere(pid) ||
        read_proc(pid, "environ", ENVIRONMENT_MAX, &environment))
        return false;
    const char *mark = find_mark(&environment);
    return mark && (wanted ? str_equal(mark, wanted) : is_orphan(mark));
}

/* ---- their end ---- */

/* The descriptor comes first: then it is the process that is looked at that is killed. */
static bool kill_if_left(pid_t pid, const char *wanted)
{
    cleanup_fd int fd = pidfd_open(pid, 0);
    return fd >= 0 && is_left(pid, wanted) &&
           pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0;
}

static bool kill_all(const char *wanted)
{
    bool is_any = false;
    uint64_t pid;
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    while (proc && (entry = readdir(proc)))
        if (str_to_u64(entry->d_name, &pid) && pid <= INT32_MAX)
            is_any |= kill_if_left((pid_t)pid, wanted);
    if (proc)
        closedir(proc);
    return is_any;
}

static void end_left(const char *wanted)
{
    int looks = 0;
    while (looks < LOOKS_MAX && kill_all(wanted))
        looks++;
    if (looks)
        log_warn("what a plugin had left behind was ended");
}

void leftovers_end(const char *mark)
{
    end_left(mark);
}

void leftovers_end_orphans(void)
{
    end_left(NULL);
}
