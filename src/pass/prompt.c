/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/prompt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "pass/prompt_line.h"

#define PASTE_BRACKETS_ON "\033[?2004h"
#define PASTE_BRACKETS_OFF "\033[?2004l"

bool prompt_is_possible(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static void show(const char *text, size_t n)
{
    while (n) {
        ssize_t done = write(STDERR_FILENO, text, n);
        if (done < 0 && errno != EINTR)
            return;
        text += done > 0 ? done : 0;
        n -= done > 0 ? (size_t)done : 0;
    }
}

static void show_text(const char *text)
{
    show(text, strlen(text));
}

/* ---- the raw terminal ---- */

/* A terminal in raw mode, and the signals that must wait until it is restored. */
struct raw {
    struct termios before;
    sigset_t signals, mask_before;
    int signal_fd;
};

static void raw_end(struct raw *raw)
{
    show_text(PASTE_BRACKETS_OFF "\r\n");
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw->before);
    close(raw->signal_fd);
    sigprocmask(SIG_SETMASK, &raw->mask_before, NULL);
}

static int raw_begin(struct raw *raw, struct err *e)
{
    static const int waiting[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    sigemptyset(&raw->signals);
    for (size_t i = 0; i < ARRAY_SIZE(waiting); i++)
        sigaddset(&raw->signals, waiting[i]);
    if (tcgetattr(STDIN_FILENO, &raw->before))
        return err_errno(e, errno, "terminal");
    raw->signal_fd = signalfd(-1, &raw->signals, SFD_CLOEXEC);
    if (raw->signal_fd < 0)
        return err_errno(e, errno, "signalfd");
    sigprocmask(SIG_BLOCK, &raw->signals, &raw->mask_before);
    struct termios mode = raw->before;
    cfmakeraw(&mode);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &mode)) {
        int errnum = errno;
        raw_end(raw);
        return err_errno(e, errnum, "terminal");
    }
    show_text(PASTE_BRACKETS_ON);
    return 0;
}

/* *signal is one that came, or 0. */
static int raw_read(const struct raw *raw, char *bytes, size_t size, size_t *n,
                    int *signal, struct err *e)
{
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = raw->signal_fd, .events = POLLIN}};
    *n = 0;
    *signal = 0;
    if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
        return errno == EINTR ? 0 : err_errno(e, errno, "poll");
    struct signalfd_siginfo info;
    if (fds[1].revents && read(raw->signal_fd, &info, sizeof(info)) == sizeof(info)) {
        *signal = (int)info.ssi_signo;
        return 0;
    }
    ssize_t got = read(STDIN_FILENO, bytes, size);
    if (got < 0)
        return errno == EINTR ? 0 : err_errno(e, errno, "read");
    if (got == 0)
        return err_set(e, ERR_INVALID_ARGUMENT, "the terminal has gone");
    *n = (size_t)got;
    return 0;
}

/* A star says that a character arrived, never which one. */
static int read_line(const struct raw *raw, struct prompt_line *line, int *signal,
                     struct err *e)
{
    bool done = false;
    int r = 0;
    while (!done && !*signal && !r) {
        char bytes[256];
        size_t n;
        cleanup_buf struct buf echo = BUF_INIT;
        r = raw_read(raw, bytes, sizeof(bytes), &n, signal, e);
        if (!r)
            r = prompt_line_feed(line, bytes, n, &echo, &done, e);
        mem_wipe(bytes, sizeof(bytes));
        show(echo.data, echo.len);
    }
    return r;
}

int prompt_secret(const char *question, struct buf *out, struct err *e)
{
    struct raw raw;
    struct prompt_line line = PROMPT_LINE_INIT;
    int signal = 0;
    show_text(question);
    int r = raw_begin(&raw, e);
    if (r)
        return r;
    r = read_line(&raw, &line, &signal, e);
    raw_end(&raw);
    if (!r && signal) {
        raise(signal);
        r = err_set(e, ERR_CANCELED, "canceled");
    }
    if (!r) {
        *out = line.text;
        line.text = (struct buf)BUF_INIT;
    }
    prompt_line_deinit(&line);
    return r;
}

/* ---- yes or no ---- */

bool prompt_yes(const char *question)
{
    char answer[16];
    show_text(question);
    show_text(" [y/N] ");
    ssize_t n = read(STDIN_FILENO, answer, sizeof(answer));
    return n > 0 && (answer[0] == 'y' || answer[0] == 'Y');
}
