/* SPDX-License-Identifier: Apache-2.0 */
#include "start/start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "base/mem.h"
#include "base/str.h"
#include "start/alarm.h"
#include "start/program.h"

#define LOCK_NAME "start.lock"
#define LOG_NAME "engine.log"

/* What the engine writes to its pipe: this, or one line why it can't. */
#define READY "ready"
#define LINE_MAX_SIZE 512

/* The pipe's descriptor in the engine. */
#define READY_FD 3
#define READY_FD_TEXT "3"

/* ---- the folder ---- */

static int open_in(const char *folder, const char *name, int flags, int *out,
                   struct err *e)
{
    cleanup_free char *path = str_format("%s/%s", folder, name);
    if (!path)
        return err_no_memory(e);
    int fd = open(path, flags | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, errno, "open %s", path);
    *out = fd;
    return 0;
}

static int too_late(struct err *e)
{
    return err_set(e, ERR_DEADLINE_EXCEEDED,
                   "the secrets engine, which isn't running, doesn't start in time");
}

/* Waits until nobody else is starting an engine. */
static int take_lock(const char *folder, const struct start_alarm *alarm, int *out,
                     struct err *e)
{
    cleanup_fd int fd = -1;
    int r = open_in(folder, LOCK_NAME, O_RDWR, &fd, e);
    if (r)
        return r;
    while (flock(fd, LOCK_EX)) {
        if (errno != EINTR)
            return err_errno(e, errno, "lock %s/%s", folder, LOCK_NAME);
        if (start_alarm_rang(alarm))
            return too_late(e);
    }
    *out = TAKE_FD(fd);
    return 0;
}

/* ---- the child ---- */

/* In the child; only what is safe after fork. Returns when it failed. */
static void become_engine(const struct start_program *program, int ready, int log)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    /* The pipe gets out of the way of 0, 1 and 2 first. */
    int fd = fcntl(ready, F_DUPFD_CLOEXEC, READY_FD + 1);
    if (nothing < 0 || fd < 0 || setsid() < 0)
        return;
    if (dup2(nothing, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
        dup2(log, STDERR_FILENO) < 0 || dup2(fd, READY_FD) < 0)
        return;
    if (close_range(READY_FD + 1, ~0U, 0) || chdir("/"))
        return;
    char *argv[] = {program->path, (char *)(uintptr_t) "--on-demand",
                    (char *)(uintptr_t) "--ready-fd", (char *)(uintptr_t)READY_FD_TEXT,
                    NULL};
    execve(program->path, argv, program->environment);
}

/* Twice, so that the engine is nobody's child here: who execs another program in our
 * place would find it among its own. */
static int fork_engine(const struct start_program *program, int ready, int log,
                       struct err *e)
{
    pid_t pid = fork();
    if (pid < 0)
        return err_errno(e, errno, "fork");
    if (pid == 0) {
        if (fork() == 0)
            become_engine(program, ready, log);
        _exit(0);
    }
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return 0;
}

/* ---- what it says ---- */

static int read_line(int fd, const struct start_alarm *alarm, char line[LINE_MAX_SIZE],
                     struct err *e)
{
    size_t n = 0;
    while (n < LINE_MAX_SIZE - 1) {
        ssize_t got = read(fd, line + n, LINE_MAX_SIZE - 1 - n);
        if (got < 0 && errno == EINTR && start_alarm_rang(alarm))
            return too_late(e);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
        if (memchr(line, '\n', n))
            break;
    }
    line[n] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return 0;
}

static int wait_ready(int fd, const char *folder, const struct start_alarm *alarm,
                      struct err *e)
{
    char line[LINE_MAX_SIZE];
    int r = read_line(fd, alarm, line, e);
    if (r)
        return r;
    if (!*line)
        return err_set(e, ERR_UNAVAILABLE,
                       "the secrets engine ended before it was ready (see %s/%s)", folder,
                       LOG_NAME);
    if (!str_equal(line, READY))
        return err_set(e, ERR_UNAVAILABLE, "the secrets engine doesn't start: %s", line);
    return 0;
}

static int start_and_wait(const char *folder, bool is_service,
                          const struct start_alarm *alarm, struct err *e)
{
    cleanup_start_program struct start_program program = {0};
    cleanup_fd int log = -1;
    int ends[2];
    int r = start_program_find(&program, is_service, e);
    if (!r)
        r = open_in(folder, LOG_NAME, O_WRONLY | O_APPEND, &log, e);
    if (r)
        return r;
    if (pipe2(ends, O_CLOEXEC))
        return err_errno(e, errno, "pipe");
    cleanup_fd int from = ends[0];
    r = fork_engine(&program, ends[1], log, e);
    close(ends[1]);
    return r ? r : wait_ready(from, folder, alarm, e);
}

static int start_within(start_asked *asked, void *user, bool is_service,
                        const struct start_alarm *alarm, struct err *e)
{
    cleanup_free char *folder = NULL;
    cleanup_fd int lock = -1;
    int r = home_run_folder(&folder, e);
    if (!r)
        r = file_make_folders(folder, e);
    if (!r)
        r = take_lock(folder, alarm, &lock, e);
    if (r || !asked(user, NULL))
        return r;
    return start_and_wait(folder, is_service, alarm, e);
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
