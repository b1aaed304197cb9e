/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   engine ── keeper ── program ── what it starts
 *
 * The keeper is the one to whom the kernel hands the orphans below it (a subreaper), so
 * that all of them become its children sooner or later: it kills its children until there
 * are none. When the engine goes the kernel tells it; when it is killed itself, the
 * program is.
 */
#include "engined/keeper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"

#define NAME "coffer-keeper"

/* The engine is gone. */
#define SIGNAL_ENGINE SIGHUP

#define STAT_SIZE 512
#define EXIT_OF_SIGNAL 128
#define EXIT_FAILED 126

struct keeper {
    pid_t program; /* 0: it has ended */
    sigset_t signals;
    bool is_asked; /* the program is to end until then */
    struct timespec deadline;
};

/* ---- the end of all ---- */

static pid_t parent_of(int proc, const char *pid)
{
    char path[64], text[STAT_SIZE];
    snprintf(path, sizeof(path), "%.32s/stat", pid);
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *parent = process_stat_word(text, 2);
    return parent ? (pid_t)strtol(parent, NULL, 10) : 0;
}

/* False: nobody can be found here, so that nobody's end may be waited for. */
static bool kill_children(void)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    if (!proc)
        return false;
    while ((entry = readdir(proc)))
        if (entry->d_name[0] > '0' && entry->d_name[0] <= '9' &&
            parent_of(dirfd(proc), entry->d_name) == getpid())
            (void)kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL);
    closedir(proc);
    return true;
}

/* Whoever dies hands us its own children, so each death is a reason to look again. A
 * child that hangs in the kernel holds us as long as it does, and nobody else: the engine
 * kills a keeper that it has waited for. */
static void end_all(void)
{
    while (kill_children() && (waitpid(-1, NULL, 0) > 0 || errno == EINTR))
        ;
}

/* As the program ended. */
static int end_like(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    sigset_t all;
    sigfillset(&all);
    (void)signal(WTERMSIG(status), SIG_DFL);
    (void)raise(WTERMSIG(status));
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    return EXIT_OF_SIGNAL + WTERMSIG(status);
}

/* ---- waiting ---- */

/* Takes the ends that there are; true: the program's is among them. */
static bool take_ends(const struct keeper *k, int *status)
{
    int how;
    pid_t pid;
    while ((pid = waitpid(-1, &how, WNOHANG)) > 0)
        if (pid == k->program) {
            *status = how;
            return true;
        }
    return false;
}

static int wait_signal(const struct keeper *k)
{
    struct timespec now, left;
    if (!k->is_asked)
        return sigwaitinfo(&k->signals, NULL);
    clock_gettime(CLOCK_MONOTONIC, &now);
    left.tv_sec = k->deadline.tv_sec - now.tv_sec;
    left.tv_nsec = k->deadline.tv_nsec - now.tv_nsec;
    if (left.tv_nsec < 0) {
        left.tv_sec--;
        left.tv_nsec += 1000000000;
    }
    if (left.tv_sec < 0)
        left = (struct timespec){0, 0};
    return sigtimedwait(&k->signals, NULL, &left);
}

static void ask_to_end(struct keeper *k)
{
    (void)kill(k->program, SIGTERM);
    if (k->is_asked)
        return;
    k->is_asked = true;
    clock_gettime(CLOCK_MONOTONIC, &k->deadline);
    k->deadline.tv_sec += KEEPER_GRACE_SECONDS;
}

static int keep(struct keeper *k)
{
    int status = SIGKILL; /* a wait status: killed by that */
    for (;;) {
        int number = wait_signal(k);
        if (number == SIGTERM)
            ask_to_end(k);
        else if (number == SIGNAL_ENGINE || (number < 0 && errno == EAGAIN))
            break;
        if (take_ends(k, &status)) {
            k->program = 0;
            break;
        }
    }
    if (k->program)
        (void)kill(k->program, SIGKILL);
    end_all();
    return end_like(status);
}

/* ---- starting ---- */

static int fail(const char *what)
{
    fprintf(stderr, NAME ": %s: %s\n", what, strerror(errno));
    return EXIT_FAILED;
}

/* Tied to a parent, which may have ended before. */
static int die_with(pid_t parent, int number)
{
    if (prctl(PR_SET_PDEATHSIG, number, 0, 0, 0))
        return -1;
    if (getppid() == parent)
        return 0;
    errno = ESRCH;
    return -1;
}

/* It holds nothing of what the program has, and leaves nothing behind. */
static int be_small(void)
{
    static const struct rlimit none = {0, 0};
    (void)prctl(PR_SET_NAME, NAME, 0, 0, 0);
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || setrlimit(RLIMIT_CORE, &none) ||
                   close_range(0, ~0U, 0)
               ? -1
               : 0;
}

static int begin_program(pid_t keeper, const sigset_t *before, int (*become)(void *user),
                         void *user)
{
    if (die_with(keeper, SIGKILL))
        return fail("be killed with the keeper");
    sigprocmask(SIG_SETMASK, before, NULL);
    return become(user);
}

int keeper_run(pid_t engine, int (*become)(void *user), void *user)
{
    struct keeper k = {0};
    sigset_t before;
    pid_t own = getpid();
    sigemptyset(&k.signals);
    sigaddset(&k.signals, SIGCHLD);
    sigaddset(&k.signals, SIGTERM);
    sigaddset(&k.signals, SIGNAL_ENGINE);
    if (sigprocmask(SIG_BLOCK, &k.signals, &before) || die_with(engine, SIGNAL_ENGINE))
        return fail("be told of the engine's end");
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
        return fail("get the orphans");
    k.program = fork();
    if (k.program < 0)
        return fail("fork");
    if (k.program == 0)
        _exit(begin_program(own, &before, become, user));
    return be_small() ? EXIT_FAILED : keep(&k);
}
