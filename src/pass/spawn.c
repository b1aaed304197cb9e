/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

/* ---- in the command's process, before it is the command ---- */

/* Two steps, since a descriptor may stand in another one's place. */
static int set_standard(const struct spawn *s)
{
    const int wanted[] = {s->in, s->out, s->err};
    int moved[ARRAY_SIZE(wanted)];
    for (int i = 0; i < (int)ARRAY_SIZE(wanted); i++) {
        moved[i] = fcntl(wanted[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (moved[i] < 0)
            return errno;
    }
    for (int i = 0; i < (int)ARRAY_SIZE(wanted); i++)
        if (dup2(moved[i], i) < 0)
            return errno;
    return 0;
}

/* Says by the pipe why there is no command. */
static _Noreturn void become(const struct spawn *s, int report)
{
    int failed = set_standard(s);
    if (!failed) {
        sigprocmask(SIG_SETMASK, s->before, NULL);
        execvpe(s->child->argv[0], s->child->argv, s->child->environment);
        failed = errno;
    }
    while (write(report, &failed, sizeof(failed)) < 0 && errno == EINTR)
        ;
    _exit(CHILD_NOT_FOUND);
}

/* ---- the monitor ---- */

static _Noreturn void end_like(int status)
{
    if (WIFEXITED(status))
        _exit(WEXITSTATUS(status));
    int number = WTERMSIG(status);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    signal(number, SIG_DFL);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    _exit(CHILD_SIGNAL + number);
}

/* Who isn't the foreground may change it too, since SIGTTOU is blocked. */
static void set_front(pid_t group)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (tty < 0)
        return;
    (void)tcsetpgrp(tty, group);
    close(tty);
}

static void obey(pid_t pid, const siginfo_t *order)
{
    set_front(order->si_value.sival_int ? pid : getpgrp());
}

/* Orders that came while we were stopped are for before the command goes on. */
static void obey_all(pid_t pid)
{
    static const struct timespec now = {0, 0};
    siginfo_t order;
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SPAWN_ORDER);
    while (sigtimedwait(&only, &order, &now) > 0)
        obey(pid, &order);
}

/* Looks at all that happened to the command. */
static void follow(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, WNOHANG | WUNTRACED) == pid) {
        if (!WIFSTOPPED(status))
            end_like(status);
        raise(SIGSTOP);
        obey_all(pid);
        kill(-pid, SIGCONT);
    }
}

static _Noreturn void monitor(pid_t pid, const sigset_t *blocked)
{
    for (;;) {
        siginfo_t info;
        int number = sigwaitinfo(blocked, &info);
        if (number == SIGCHLD)
            follow(pid);
        else if (number == SPAWN_ORDER)
            obey(pid, &info);
        else if (number > 0 && number != SIGCONT && number != SIGTTOU &&
                 number != SIGPIPE && number != SIGWINCH)
            kill(-pid, number);
    }
}

/* SIGTTOU is blocked, so that a process may make itself the foreground. */
static _Noreturn void lead_session(const struct spawn *s, int report)
{
    if (setsid() < 0 || ioctl(s->slave, TIOCSCTTY, 0))
        _exit(CHILD_NOT_RUNNABLE);
    pid_t pid = fork();
    if (pid < 0)
        _exit(CHILD_NOT_RUNNABLE);
    if (pid == 0) {
        setpgid(0, 0);
        if (s->is_front)
            (void)tcsetpgrp(s->slave, getpid());
        become(s, report);
    }
    setpgid(pid, pid);
    /* What is open here would keep pipes and the terminal open. */
    (void)close_range(0, ~0U, 0);
    monitor(pid, s->blocked);
}

/* ---- our side ---- */

/* Who is killed outright takes the command along. */
static void end_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(CHILD_SIGNAL + SIGKILL);
}

static pid_t start(const struct spawn *s, int report)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    if (s->slave >= 0)
        lead_session(s, report);
    end_with(parent);
    become(s, report);
}

int spawn_start(const struct spawn *s, pid_t *pid, int *status, struct err *e)
{
    int ends[2], failed = 0;
    if (pipe2(ends, O_CLOEXEC))
        return err_errno(e, errno, "pipe");
    cleanup_fd int from = ends[0];
    pid_t started = start(s, ends[1]);
    int errnum = errno;
    close(ends[1]);
    if (started < 0)
        return err_errno(e, errnum, "fork");
    ssize_t n;
    do
        n = read(from, &failed, sizeof(failed));
    while (n < 0 && errno == EINTR);
    *pid = started;
    if (n != sizeof(failed))
        return 0;
    while (waitpid(started, NULL, 0) < 0 && errno == EINTR)
        ;
    *pid = 0;
    *status = child_cant_start(s->child, failed, e);
    return 0;
}

void spawn_set_front(pid_t monitor, bool is_front)
{
    (void)sigqueue(monitor, SPAWN_ORDER, (union sigval){.sival_int = is_front});
}
