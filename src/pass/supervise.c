/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "pass/docker_socket.h"
#include "pass/pump.h"
#include "pass/spawn.h"
#include "pass/terminal.h"

/* How long bytes are held back that may be the beginning of a value, when nothing follows
 * on a terminal: a prompt must be seen. In milliseconds. */
#define PROMPT_PAUSE 100

enum {
    PUMP_KEYS, /* from the user's terminal to the command's */
    PUMP_OUT,
    PUMP_ERR,
    PUMPS,
};

enum {
    FD_SIGNALS,
    FD_DOCKER,
    FD_PUMPS,
    FDS = FD_PUMPS + PUMPS * PUMP_FDS,
};

struct supervisor {
    const struct child *child;
    const struct mask *mask;
    pid_t pid; /* of the command or its monitor */
    sigset_t before, blocked;
    int signals;
    int docker; /* -1: none, or it has spoken */
    struct terminal terminal;
    struct pump pumps[PUMPS];
    struct mask_stream filters[PUMPS];
    int given[PUMPS]; /* what is to be 0, 1 and 2 of the command */
    bool is_over;
    int wait_status;
    int broken_off; /* the signal that came while the readers of what it left paused */
};

/* ---- where the command's bytes go ---- */

static int filter(struct supervisor *s, int which, int from, bool is_prompt,
                  struct err *e)
{
    struct pump *p = &s->pumps[which];
    p->from = from;
    p->filter = &s->filters[which];
    p->is_prompt = is_prompt;
    return mask_stream_init(p->filter, s->mask, e);
}

static int add_pipe(struct supervisor *s, int which, struct err *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return err_errno(e, errno, "pipe");
    s->given[which] = ends[1];
    return filter(s, which, ends[0], false, e);
}

/* The pty carries what would have gone to the user's terminal, by one way. */
static int add_terminal(struct supervisor *s, const bool shown[PUMPS], struct err *e)
{
    int r = terminal_open(&s->terminal, e);
    if (r)
        return r;
    s->pumps[PUMP_KEYS].from = fcntl(s->terminal.tty, F_DUPFD_CLOEXEC, 0);
    s->pumps[PUMP_KEYS].to = s->terminal.master;
    for (int i = 0; i < PUMPS; i++)
        if (shown[i])
            s->given[i] = s->terminal.slave;
    int from = fcntl(s->terminal.master, F_DUPFD_CLOEXEC, 0);
    return filter(s, shown[PUMP_OUT] ? PUMP_OUT : PUMP_ERR, from, true, e);
}

static int lay_pipes(struct supervisor *s, struct err *e)
{
    const bool shown[PUMPS] = {isatty(STDIN_FILENO), isatty(STDOUT_FILENO),
                               isatty(STDERR_FILENO)};
    int r = 0;
    if (shown[PUMP_OUT] || shown[PUMP_ERR])
        r = add_terminal(s, shown, e);
    for (int i = PUMP_OUT; i < PUMPS && !r; i++)
        if (!shown[i])
            r = add_pipe(s, i, e);
    return r;
}

/* The command has its own copies now. */
static void close_given(struct supervisor *s)
{
    for (int i = 0; i < PUMPS; i++) {
        if (s->given[i] > STDERR_FILENO && s->given[i] != s->terminal.slave)
            close(s->given[i]);
        s->given[i] = i;
    }
    if (s->terminal.slave >= 0)
        close(s->terminal.slave);
    s->terminal.slave = -1;
}

/* ---- signals ---- */

static int open_signals(struct supervisor *s, struct err *e)
{
    /* SIGPIPE and SIGTTOU only so that they don't hurt. */
    const int all[] = {SIGCHLD, SIGTERM, SIGHUP,   SIGINT,  SIGQUIT, SIGUSR1,
                       SIGUSR2, SIGCONT, SIGWINCH, SIGPIPE, SIGTTOU, SPAWN_ORDER};
    sigemptyset(&s->blocked);
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        sigaddset(&s->blocked, all[i]);
    /* Who is in another terminal than the command stops only after it. */
    if (s->terminal.master >= 0)
        sigaddset(&s->blocked, SIGTSTP);
    sigprocmask(SIG_BLOCK, &s->blocked, NULL);
    s->signals = signalfd(-1, &s->blocked, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signals < 0 ? err_errno(e, errno, "signalfd") : 0;
}

static void take_terminal(struct supervisor *s)
{
    terminal_resize(&s->terminal);
    terminal_enter(&s->terminal);
    terminal_set_output(&s->terminal);
}

/* Who has the user's terminal now has the command's. */
static void set_front(struct supervisor *s)
{
    take_terminal(s);
    spawn_set_front(s->pid, s->terminal.is_raw);
}

/* Stops this process and those beside it, docker too where it is our parent. */
static void stop_job(int number)
{
    sigset_t only, before;
    sigemptyset(&only);
    sigaddset(&only, number);
    kill(0, number);
    sigprocmask(SIG_UNBLOCK, &only, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* As the kernel does it: on Ctrl-Z all of the job stops, and the shell takes over; in the
 * background it stops when the command wants to read. It goes on here once the job is
 * continued. A job that was brought to the foreground while it ran isn't told of that: it
 * is seen when its command stops since it reads. */
static int stop_with_command(struct supervisor *s, struct err *e)
{
    bool was_front = s->terminal.is_raw;
    for (int i = PUMP_OUT; i < PUMPS; i++) { /* it wrote that before it stopped */
        int r = pump_catch_up(&s->pumps[i], s->signals, e);
        if (r)
            return r;
    }
    terminal_leave(&s->terminal);
    if (was_front || !terminal_is_front(&s->terminal))
        stop_job(was_front ? SIGTSTP : SIGTTIN);
    set_front(s);
    kill(s->pid, SIGCONT);
    return 0;
}

/* Only a monitor stops for its command; one that shares our terminal is stopped together
 * with us, or by somebody who knows why. */
static int wait_for_command(struct supervisor *s, struct err *e)
{
    int status, options = WNOHANG | (s->terminal.master >= 0 ? WUNTRACED : 0), r = 0;
    while (!r && !s->is_over && waitpid(s->pid, &status, options) == s->pid) {
        if (WIFSTOPPED(status)) {
            r = stop_with_command(s, e);
            continue;
        }
        s->is_over = true;
        s->wait_status = status;
    }
    return r;
}

/* What the user's terminal sends has reached a command in our group by itself. */
static int on_signal(struct supervisor *s, const struct signalfd_siginfo *info,
                     struct err *e)
{
    int number = (int)info->ssi_signo;
    bool has_terminal = s->terminal.master >= 0;
    if (number == SIGCHLD)
        return wait_for_command(s, e);
    if (number == SIGWINCH && has_terminal)
        terminal_resize(&s->terminal);
    else if (number == SIGCONT && has_terminal)
        set_front(s);
    else if (number == SIGWINCH || number == SIGCONT || number == SIGPIPE ||
             number == SIGTTOU || number == SPAWN_ORDER)
        return 0;
    else if (has_terminal || info->ssi_code != SI_KERNEL)
        kill(s->pid, number);
    return 0;
}

/* Nobody else is there any more for whom it could be. */
static void on_late_signal(struct supervisor *s, int number)
{
    if (number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT)
        s->broken_off = number;
}

static int read_signals(struct supervisor *s, struct err *e)
{
    struct signalfd_siginfo info;
    int r = 0;
    while (!r && read(s->signals, &info, sizeof(info)) == sizeof(info))
        if (s->is_over)
            on_late_signal(s, (int)info.ssi_signo);
        else
            r = on_signal(s, &info, e);
    return r;
}

/* Docker has got a signal. What comes from the terminal's keys the command has, too. */
static void on_docker(struct supervisor *s)
{
    char nothing;
    if (read(s->docker, &nothing, 1) > 0)
        return;
    close(s->docker);
    s->docker = -1;
    if (s->is_over)
        on_late_signal(s, SIGTERM);
    else if (!terminal_is_ours())
        kill(s->pid, SIGTERM);
}

/* ---- the loop ---- */

static bool holds_prompt(const struct supervisor *s)
{
    bool holds = false;
    for (int i = 0; i < PUMPS; i++)
        holds = holds || pump_is_waiting(&s->pumps[i]);
    return holds;
}

static int flush_prompts(struct supervisor *s, struct err *e)
{
    int r = 0;
    for (int i = 0; i < PUMPS && !r; i++)
        if (pump_is_waiting(&s->pumps[i]))
            r = pump_flush(&s->pumps[i], e);
    return r;
}

static int step(struct supervisor *s, const struct pollfd fds[FDS], struct err *e)
{
    int r = 0;
    for (int i = 0; i < PUMPS && !r; i++)
        r = pump_step(&s->pumps[i], fds + FD_PUMPS + i * PUMP_FDS, e);
    if (fds[FD_DOCKER].fd >= 0 && fds[FD_DOCKER].revents)
        on_docker(s);
    if (!r && fds[FD_SIGNALS].revents)
        r = read_signals(s, e);
    return r;
}

static int turn(struct supervisor *s, struct err *e)
{
    struct pollfd fds[FDS];
    fds[FD_SIGNALS] = (struct pollfd){.fd = s->signals, .events = POLLIN};
    fds[FD_DOCKER] = (struct pollfd){.fd = s->docker, .events = POLLIN};
    for (int i = 0; i < PUMPS; i++)
        pump_poll(&s->pumps[i], fds + FD_PUMPS + i * PUMP_FDS);
    if (!s->terminal.is_raw || s->is_over)
        fds[FD_PUMPS + PUMP_KEYS].fd = -1;
    int n = poll(fds, FDS, holds_prompt(s) ? PROMPT_PAUSE : -1);
    if (n < 0)
        return errno == EINTR ? 0 : err_errno(e, errno, "poll");
    return n ? step(s, fds, e) : flush_prompts(s, e);
}

/* What the command left behind goes out, however long its readers pause; who doesn't want
 * to wait for them can end us. */
static int drain(struct supervisor *s, struct err *e)
{
    bool is_done = false;
    int r = 0;
    terminal_take_signals(&s->terminal);
    while (!r && !is_done && !s->broken_off) {
        is_done = true;
        for (int i = PUMP_OUT; i < PUMPS && !r; i++) {
            r = pump_end(&s->pumps[i], e);
            is_done = is_done && pump_is_done(&s->pumps[i]);
        }
        if (!r && !is_done)
            r = turn(s, e);
    }
    return r;
}

static int follow(struct supervisor *s, struct err *e)
{
    int r = 0;
    while (!s->is_over && !r)
        r = turn(s, e);
    if (!r)
        r = drain(s, e);
    for (int i = PUMP_OUT; i < PUMPS && !r; i++)
        if (s->pumps[i].errnum)
            r = err_errno(e, s->pumps[i].errnum, "write what the command printed");
    return r;
}

static int start(struct supervisor *s, int *status, struct err *e)
{
    struct spawn spawn = {
        .child = s->child,
        .in = s->given[PUMP_KEYS],
        .out = s->given[PUMP_OUT],
        .err = s->given[PUMP_ERR],
        .slave = s->terminal.slave,
        .is_front = s->terminal.is_raw,
        .blocked = &s->blocked,
        .before = &s->before,
    };
    int r = spawn_start(&spawn, &s->pid, status, e);
    close_given(s);
    return r;
}

static int run(struct supervisor *s, int *status, struct err *e)
{
    int r = s->mask ? lay_pipes(s, e) : 0;
    if (!r)
        r = open_signals(s, e);
    if (!r && s->terminal.master >= 0)
        take_terminal(s);
    if (!r)
        r = start(s, status, e);
    if (r || !s->pid)
        return r;
    s->docker = docker_socket_open();
    r = follow(s, e);
    if (s->broken_off)
        *status = CHILD_SIGNAL + s->broken_off;
    else
        *status = WIFEXITED(s->wait_status) ? WEXITSTATUS(s->wait_status)
                                            : CHILD_SIGNAL + WTERMSIG(s->wait_status);
    return r;
}

/* A reader that has gone is no error: what it left pending would end us. */
static void restore_signals(const struct supervisor *s)
{
    const struct timespec now = {0};
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGPIPE);
    sigtimedwait(&only, NULL, &now);
    sigprocmask(SIG_SETMASK, &s->before, NULL);
}

static void deinit(struct supervisor *s)
{
    close_given(s);
    for (int i = 0; i < PUMPS; i++) {
        pump_close(&s->pumps[i]);
        mask_stream_deinit(&s->filters[i]);
    }
    terminal_close(&s->terminal);
    if (s->docker >= 0)
        close(s->docker);
    if (s->signals >= 0)
        close(s->signals);
    restore_signals(s);
}

int supervise(const struct child *child, const struct mask *mask, int *status,
              struct err *e)
{
    struct supervisor s = {
        .child = child,
        .mask = mask,
        .signals = -1,
        .docker = -1,
        .terminal = TERMINAL_NONE,
        .pumps = {{.from = -1, .to = -1},
                  {.from = -1, .to = STDOUT_FILENO},
                  {.from = -1, .to = STDERR_FILENO}},
        .given = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO},
    };
    sigprocmask(SIG_SETMASK, NULL, &s.before);
    int r = run(&s, status, e);
    deinit(&s);
    return r;
}
