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

int terminal_open(struct terminal *t, struct err *e)
{
    *t = (struct terminal)TERMINAL_NONE;
    t->tty = open(TTY, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (t->tty < 0 || tcgetattr(t->tty, &t->before))
        return err_errno(e, errno, "terminal " TTY);
    int r = open_pty(t, e);
    if (r)
        return r;
    (void)tcsetattr(t->slave, TCSANOW, &t->before);
    terminal_resize(t);
    return 0;
}

static bool is_foreground(int tty)
{
    return tcgetpgrp(tty) == getpgrp();
}

void terminal_enter(struct terminal *t)
{
    if (t->tty < 0 || !is_foreground(t->tty))
        return;
    struct termios mode = t->before;
    cfmakeraw(&mode);
    t->is_raw = tcsetattr(t->tty, TCSANOW, &mode) == 0;
}

void terminal_leave(struct terminal *t)
{
    if (t->is_raw)
        (void)tcsetattr(t->tty, TCSADRAIN, &t->before);
    t->is_raw = false;
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
