/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three pipes and a descriptor of the process are in one epoll set, so that there is one
 * descriptor to wait for.
 */
#include "base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

/* 2 MiB, more than a pipe holds: at a program's end all that it wrote is taken. */
#define READS_MAX 512

struct running {
    const struct program *program;
    pid_t pid;
    int pidfd, set;
    int in, out, err; /* our ends; -1 closed */
    size_t sent;
    bool has_ended;
};

void program_end_deinit(struct program_end *end)
{
    buf_deinit(&end->output);
    buf_deinit(&end->errors);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* ---- starting ---- */

static int make_pipe(int *ours, int *theirs, bool we_write, struct err *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return err_errno(e, errno, "make a pipe");
    *ours = ends[we_write ? 1 : 0];
    *theirs = ends[we_write ? 0 : 1];
    if (fcntl(*ours, F_SETFL, O_NONBLOCK))
        return err_errno(e, errno, "set up a pipe");
    return 0;
}

/* A session of its own: no terminal to ask at, and one group to kill. Signals are as they
 * are by default: we may ignore some. */
static int spawn(struct running *p, const int theirs[3])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    union {
        const char *const *in;
        char *const *out;
    } words = {p->program->words}, environment = {p->program->environment};
    sigemptyset(&none);
    sigfillset(&all);
    if (posix_spawn_file_actions_init(&actions))
        return ENOMEM;
    int r = posix_spawnattr_init(&attributes);
    for (int fd = 0; !r && fd < 3; fd++)
        r = posix_spawn_file_actions_adddup2(&actions, theirs[fd], fd);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    if (!r)
        r = posix_spawnp(&p->pid, words.in[0], &actions, &attributes, words.out,
                         environment.in ? environment.out : environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return r;
}

static int watch(struct running *p, int fd, uint32_t events, struct err *e)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(p->set, EPOLL_CTL_ADD, fd, &event) ? err_errno(e, errno, "epoll")
                                                        : 0;
}

static int watch_all(struct running *p, struct err *e)
{
    p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
    p->set = epoll_create1(EPOLL_CLOEXEC);
    if (p->pidfd < 0 || p->set < 0)
        return err_errno(e, errno, "watch %s", p->program->words[0]);
    int r = watch(p, p->pidfd, EPOLLIN, e);
    if (!r)
        r = watch(p, p->out, EPOLLIN, e);
    if (!r)
        r = watch(p, p->err, EPOLLIN, e);
    return r ? r : watch(p, p->in, EPOLLOUT, e);
}

static int start(struct running *p, struct err *e)
{
    int theirs[3] = {-1, -1, -1};
    int r = make_pipe(&p->in, &theirs[0], true, e);
    if (!r)
        r = make_pipe(&p->out, &theirs[1], false, e);
    if (!r)
        r = make_pipe(&p->err, &theirs[2], false, e);
    int failed = r ? 0 : spawn(p, theirs);
    for (int i = 0; i < 3; i++)
        close_fd(&theirs[i]);
    if (failed)
        return err_errno(e, failed, "start %s", p->program->words[0]);
    return r ? r : watch_all(p, e);
}

/* ---- running ---- */

static int give_input(struct running *p, struct err *e)
{
    while (p->in >= 0 && p->sent < p->program->input_size) {
        ssize_t n = write(p->in, (const char *)p->program->input + p->sent,
                          p->program->input_size - p->sent);
        if (n < 0 && errno == EAGAIN)
            return 0;
        if (n < 0 && errno == EPIPE)
            break; /* it wants no more, which is its own affair */
        if (n < 0 && errno != EINTR)
            return err_errno(e, errno, "write to %s", p->program->words[0]);
        p->sent += n > 0 ? (size_t)n : 0;
    }
    close_fd(&p->in);
    return 0;
}

/* Reads what is there, but not for ever: the deadline is looked at between. Beyond max it
 * is dropped, or an error when is_strict. */
static int take_output(const struct running *p, int *fd, size_t max, bool is_strict,
                       struct buf *to, struct err *e)
{
    char part[4096];
    int r = 0;
    for (int i = 0; i < READS_MAX && !r && *fd >= 0; i++) {
        ssize_t n = read(*fd, part, sizeof(part));
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0 && errno != EINTR)
            r = err_errno(e, errno, "read from %s", p->program->words[0]);
        if (n == 0)
            close_fd(fd);
        size_t room = max - to->len, got = n > 0 ? (size_t)n : 0;
        if (is_strict && got > room)
            r = err_set(e, ERR_RESOURCE_EXHAUSTED, "%s writes more than %zu bytes",
                        p->program->words[0], max);
        if (!r && buf_append(to, part, got < room ? got : room))
            r = err_no_memory(e);
    }
    mem_wipe(part, sizeof(part));
    return r;
}

/* What happened to the process is looked at first, so that nothing that it wrote before
 * is missed. */
static int step(struct running *p, struct program_end *end, struct err *e)
{
    struct pollfd gone = {.fd = p->pidfd, .events = POLLIN};
    p->has_ended = poll(&gone, 1, 0) > 0;
    int r = give_input(p, e);
    if (!r)
        r = take_output(p, &p->out, p->program->output_max, true, &end->output, e);
    return r ? r : take_output(p, &p->err, PROGRAM_ERRORS_MAX, false, &end->errors, e);
}

static int drive(struct running *p, program_wait *wait, const void *user,
                 struct program_end *end, struct err *e)
{
    int r = step(p, end, e);
    while (!r && !p->has_ended) {
        r = wait(user, p->set, e);
        if (!r)
            r = step(p, end, e);
    }
    if (r == ERR_DEADLINE_EXCEEDED)
        return err_set(e, r, "%s does not end in time", p->program->words[0]);
    return r;
}

/* Its own end is waited for in any case: killed, it comes at once. Who ignores SIGCHLD is
 * told of no status. */
static int reap(const struct running *p, struct program_end *end, struct err *e)
{
    int status;
    pid_t pid;
    do {
        pid = waitpid(p->pid, &status, 0);
    } while (pid < 0 && errno == EINTR);
    if (pid < 0)
        return err_errno(e, errno, "how %s ended can't be told", p->program->words[0]);
    end->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return 0;
}

static void close_all(struct running *p)
{
    close_fd(&p->in);
    close_fd(&p->out);
    close_fd(&p->err);
    close_fd(&p->set);
    close_fd(&p->pidfd);
}

/* r is the error that ends it before its own end, or 0. */
static int finish(struct running *p, int r, struct program_end *end, struct err *e)
{
    if (p->pid > 0) {
        if (r)
            kill(-p->pid, SIGKILL);
        int unknown = reap(p, end, r ? NULL : e);
        r = r ? r : unknown;
    }
    close_all(p);
    return r;
}

int program_run(const struct program *c, program_wait *wait, const void *user,
                struct program_end *end, struct err *e)
{
    struct running p = {
        .program = c, .pidfd = -1, .set = -1, .in = -1, .out = -1, .err = -1};
    int r = start(&p, e);
    if (!r)
        r = drive(&p, wait, user, end, e);
    return finish(&p, r, end, e);
}

/* ---- with nothing else to do ---- */

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * CLOCK_SECOND + t.tv_nsec;
}

static int wait_until(const void *deadline, int fd, struct err *e)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    int64_t left = *(const int64_t *)deadline - now();
    if (left <= 0)
        return err_set(e, ERR_DEADLINE_EXCEEDED, "the time is over");
    const struct timespec t = {left / CLOCK_SECOND, left % CLOCK_SECOND};
    return ppoll(&ready, 1, &t, NULL) < 0 && errno != EINTR ? err_errno(e, errno, "poll")
                                                            : 0;
}

int program_run_within(const struct program *c, int64_t timeout, struct program_end *end,
                       struct err *e)
{
    int64_t deadline = clock_after(now(), timeout);
    return program_run(c, wait_until, &deadline, end, e);
}

/* ---- what it said ---- */

const char *program_errors(const struct program_end *end, char out[PROGRAM_LINE_SIZE])
{
    size_t n = 0;
    for (const char *s = buf_str(&end->errors); *s && *s != '\n'; s++)
        if (n < PROGRAM_LINE_SIZE - 1)
            out[n++] = *s >= ' ' && *s < 127 ? *s : '?';
    out[n] = '\0';
    return out;
}
