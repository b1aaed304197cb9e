/* SPDX-License-Identifier: Apache-2.0 */
#include "start/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "base/mem.h"
#include "base/str.h"
#include "start/program.h"

#define LOCK_NAME "start.lock"
#define LOG_NAME "engine.log"

/* What the engine writes to its pipe: this, or one line why it can't. */
#define READY "ready"

/* The pipe's descriptor in the engine. */
#define READY_FD 3
#define READY_FD_TEXT "3"

/* The lock's while the child waits for it. */
#define LOCK_FD 4

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

int start_lock_open(char **folder, int *out, struct err *e)
{
    cleanup_free char *path = NULL;
    int r = home_run_folder(&path, e);
    r = r ?: file_make_folders(path, e);
    r = r ?: open_in(path, LOCK_NAME, O_RDWR, out, e);
    if (!r)
        *folder = TAKE(path);
    return r;
}

/* ---- the child ---- */

/* A handler of ours would act on ours, through what both have; one that is ignored would
 * stay so in the engine and its plugins. */
static void forget_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL); /* some can't be set */
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Nothing else stays open, not even while it waits: another's lock may be among it. */
static bool place_descriptors(int ready, int log, int lock)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    /* These get out of the way of the places first. */
    int r = fcntl(ready, F_DUPFD_CLOEXEC, LOCK_FD + 1);
    int l = fcntl(lock, F_DUPFD_CLOEXEC, LOCK_FD + 1);
    return nothing >= 0 && r >= 0 && l >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
           dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0 &&
           dup2(r, READY_FD) >= 0 && dup2(l, LOCK_FD) >= 0 &&
           close_range(LOCK_FD + 1, ~0U, 0) == 0;
}

/* The lock is one of the open file, so what is taken here is the launch's, and stays so
 * when this process closes its descriptor. */
static bool take_lock(unsigned patience)
{
    alarm(patience);
    bool is_taken = !patience || flock(LOCK_FD, LOCK_EX) == 0;
    alarm(0);
    return close(LOCK_FD) == 0 && is_taken;
}

/* In the child; only what is safe after fork. Returns when it failed. */
static void become_engine(const struct start_program *program, unsigned patience,
                          int ready, int log, int lock)
{
    char *argv[] = {program->path, (char *)(uintptr_t) "--on-demand",
                    (char *)(uintptr_t) "--ready-fd", (char *)(uintptr_t)READY_FD_TEXT,
                    NULL};
    if (setsid() >= 0 && chdir("/") == 0 && place_descriptors(ready, log, lock) &&
        take_lock(patience))
        execve(program->path, argv, program->environment);
}

/* Twice, so that the engine is nobody's child here: who execs another program in our
 * place would find it among its own. */
static int fork_engine(const struct start_program *program, const struct start_launch *l,
                       unsigned patience, int ready, int log, struct err *e)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* until the child has forgotten ours */
    pid_t pid = fork();
    int error = errno;
    if (pid == 0) {
        forget_signals();
        if (fork() == 0)
            become_engine(program, patience, ready, log, l->lock);
        _exit(0);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (pid < 0)
        return err_errno(e, error, "fork");
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return 0;
}

/* ---- the beginning ---- */

static int make_pipe(struct start_launch *l, int *writer, struct err *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return err_errno(e, errno, "pipe");
    l->ready = ends[0];
    *writer = ends[1];
    /* Only our end: the engine's is a file of its own. */
    if (fcntl(l->ready, F_SETFL, O_NONBLOCK))
        return err_errno(e, errno, "make a pipe not block");
    return 0;
}

int start_launch_begin(struct start_launch *out, char *folder, int lock,
                       unsigned patience, bool is_service, struct err *e)
{
    cleanup_start_launch struct start_launch l = START_LAUNCH_INIT;
    cleanup_start_program struct start_program program = {0};
    cleanup_fd int log = -1, writer = -1;
    l.folder = folder;
    l.lock = lock;
    int r = start_program_find(&program, is_service, e);
    r = r ?: open_in(folder, LOG_NAME, O_WRONLY | O_APPEND, &log, e);
    r = r ?: make_pipe(&l, &writer, e);
    r = r ?: fork_engine(&program, &l, patience, writer, log, e);
    if (r)
        return r;
    *out = l;
    l = (struct start_launch)START_LAUNCH_INIT;
    return 0;
}

/* ---- what it says ---- */

static int judge(struct start_launch *l, struct err *e)
{
    l->said[l->len] = '\0';
    l->said[strcspn(l->said, "\n")] = '\0';
    if (!*l->said)
        return err_set(e, ERR_UNAVAILABLE,
                       "the secrets engine ended before it was ready (see %s/%s)",
                       l->folder, LOG_NAME);
    if (!str_equal(l->said, READY))
        return err_set(e, ERR_UNAVAILABLE, "the secrets engine doesn't start: %s",
                       l->said);
    return 0;
}

int start_launch_read(struct start_launch *l, bool *is_ready, struct err *e)
{
    size_t room = sizeof(l->said) - 1 - l->len;
    ssize_t got = read(l->ready, l->said + l->len, room);
    *is_ready = false;
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (got > 0) {
        bool is_whole = memchr(l->said + l->len, '\n', (size_t)got) != NULL;
        l->len += (size_t)got;
        if (!is_whole && (size_t)got < room)
            return 0;
    }
    int r = judge(l, e);
    *is_ready = !r;
    return r;
}

int start_launch_too_late(struct err *e)
{
    return err_set(e, ERR_DEADLINE_EXCEEDED,
                   "the secrets engine, which isn't running, doesn't start in time");
}

void start_launch_deinit(struct start_launch *l)
{
    free(l->folder);
    if (l->ready >= 0)
        close(l->ready);
    if (l->lock >= 0)
        close(l->lock);
    *l = (struct start_launch)START_LAUNCH_INIT;
}
