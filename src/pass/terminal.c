/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"

#define TTY "/dev/tty"
#define SLAVE_NAME_MAX 64

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void terminal_close(struct terminal *t)
{
    terminal_leave(t);
    close_fd(&t->tty);
    close_fd(&t->master);
    close_fd(&t->slave);
}

static int open_pty(struct terminal *t, struct err *e)
{
    char name[SLAVE_NAME_MAX];
    t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (t->master < 0 || grantpt(t->master) || unlockpt(t->master) ||
        ptsname_r(t->master, name, sizeof(name)))
        return err_errno(e, errno, "pty");
    t->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return t->slave < 0 ? err_errno(e, errno, "open %s", name) : 0;
}

static bool is_foreground(int tty)
{
    return tcgetpgrp(tty) == getpgrp();
}

/* In the background the terminal is set as the shell's own line editor wants it. */
static void make_usual(struct termios *mode)
{
    mode->c_iflag |= ICRNL | IXON;
    mode->c_oflag |= OPOST | ONLCR;
    mode->c_lflag |= ICANON | ECHO | ISIG | IEXTEN;
}

int terminal_open(struct terminal *t, struct err *e)
{
    *t = (struct terminal)TERMINAL_NONE;
    t->tty = open(TTY, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (t->tty < 0 || tcgetattr(t->tty, &t->before))
        return err_errno(e, errno, "terminal " TTY);
    int r = open_pty(t, e);
    if (r)
        return r;
    struct termios mode = t->before;
    if (!terminal_is_front(t))
        make_usual(&mode);
    (void)tcsetattr(t->slave, TCSANOW, &mode);
    terminal_resize(t);
    return 0;
}

bool terminal_is_front(const struct terminal *t)
{
    return t->tty >= 0 && is_foreground(t->tty);
}

void terminal_enter(struct terminal *t)
{
    terminal_leave(t);
    if (!terminal_is_front(t) || tcgetattr(t->tty, &t->before))
        return;
    struct termios mode = t->before;
    cfmakeraw(&mode);
    t->is_raw = tcsetattr(t->tty, TCSANOW, &mode) == 0;
}

void terminal_leave(struct terminal *t)
{
    if (t->is_raw && terminal_is_front(t))
        (void)tcsetattr(t->tty, TCSADRAIN, &t->before);
    t->is_raw = false;
}

void terminal_take_signals(const struct terminal *t)
{
    struct termios mode;
    if (!t->is_raw || tcgetattr(t->tty, &mode))
        return;
    mode.c_lflag |= ISIG;
    (void)tcsetattr(t->tty, TCSANOW, &mode);
}

void terminal_set_output(struct terminal *t)
{
    struct termios mode;
    if (t->is_plain == !t->is_raw || tcgetattr(t->master, &mode))
        return;
    /* What the command itself has turned off stays so. */
    if (!t->is_plain && !(mode.c_oflag & OPOST))
        return;
    mode.c_oflag ^= OPOST;
    if (tcsetattr(t->master, TCSANOW, &mode) == 0)
        t->is_plain = !t->is_raw;
}

void terminal_resize(const struct terminal *t)
{
    struct winsize size;
    if (ioctl(t->tty, TIOCGWINSZ, &size) == 0)
        (void)ioctl(t->master, TIOCSWINSZ, &size);
}

bool terminal_is_ours(void)
{
    cleanup_fd int tty = open(TTY, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return tty >= 0 && is_foreground(tty);
}
