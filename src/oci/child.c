/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/child.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The exit status of a child that could not become the program. */
#define NOT_STARTED 127

/* Descriptors that systemd hands on are for one process, by its number. */
static void inherit_sockets(void)
{
    char pid[16];
    if (!getenv("LISTEN_PID"))
        return;
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
}

/* What a caller does with signals. */
struct ears {
    sigset_t mask;
    struct sigaction on_child;
};

/* All signals wait. Of a child's end nobody is told who ignores that, as a caller may. */
static int listen_to(const sigset_t *all, struct ears *before, struct err *e)
{
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    if (sigprocmask(SIG_BLOCK, all, &before->mask))
        return err_errno(e, errno, "block signals");
    if (sigaction(SIGCHLD, &usual, &before->on_child))
        return err_errno(e, errno, "hear of a child's end");
    return 0;
}

static int restore(const struct ears *before)
{
    return sigaction(SIGCHLD, &before->on_child, NULL) ||
           sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

static _Noreturn void become(const char *program, char *const *words,
                             const struct ears *before, pid_t parent)
{
    inherit_sockets();
    if (!prctl(PR_SET_PDEATHSIG, SIGKILL) && getppid() == parent && !restore(before))
        execv(program, words);
    fprintf(stderr, "coffer: run %s: %m\n", program);
    _exit(NOT_STARTED);
}

/* One from a terminal has gone to the child as well. */
static bool is_for_us_alone(const siginfo_t *signal)
{
    return signal->si_code <= 0;
}

/* Stops as the child has, so that a shell sees that its job did. Who stops a child by
 * SIGSTOP means just that one. */
static void stop_like(int number)
{
    sigset_t only, before;
    if (number == SIGSTOP)
        return;
    sigemptyset(&only);
    sigaddset(&only, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &only, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Has the child ended? */
static bool look_at(pid_t child, int *status)
{
    int how;
    while (waitpid(child, &how, WNOHANG | WUNTRACED) == child) {
        if (!WIFSTOPPED(how)) {
            *status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
            return true;
        }
        stop_like(WSTOPSIG(how));
    }
    return false;
}

static int wait_for(pid_t child, const sigset_t *all, int *status, struct err *e)
{
    for (;;) {
        siginfo_t signal;
        int number = sigwaitinfo(all, &signal);
        if (number < 0 && errno != EINTR)
            return err_errno(e, errno, "wait for the runtime");
        if (number == SIGCHLD) {
            if (look_at(child, status))
                return 0;
        } else if (number > 0 && is_for_us_alone(&signal)) {
            kill(child, number);
        }
    }
}

int child_run(const char *program, char *const *words, int *status, struct err *e)
{
    struct ears before;
    sigset_t all;
    sigfillset(&all);
    int r = listen_to(&all, &before, e);
    if (r)
        return r;
    pid_t parent = getpid(), child = fork();
    if (child == 0)
        become(program, words, &before, parent);
    r = child < 0 ? err_errno(e, errno, "fork") : wait_for(child, &all, status, e);
    if (restore(&before) && !r)
        r = err_errno(e, errno, "restore signals");
    return r;
}
