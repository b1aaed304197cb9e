/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <termios.h>

#include "base/err.h"

/*
 * A terminal of the command's own, a pty, inside of the user's. Keys go to it as they
 * are, so that it, not the user's terminal, makes signals of Ctrl-C and its kind, for the
 * command alone.
 */
struct terminal {
    int tty;    /* the user's */
    int master; /* our side of the pty */
    int slave;  /* the command's */
    struct termios before;
    bool is_raw;
    bool is_plain; /* the pty doesn't turn line ends into others */
};

#define TERMINAL_NONE                                                                    \
    {                                                                                    \
        .tty = -1, .master = -1, .slave = -1                                             \
    }

/* Makes a pty that is as large as the user's terminal and set as it is. */
int terminal_open(struct terminal *t, struct err *e) MUST_CHECK;

/* Restores the user's terminal and closes all that is still open. */
void terminal_close(struct terminal *t);
#define cleanup_terminal CLEANUP(terminal_close)

/* Is this program in the foreground of the user's terminal? */
bool terminal_is_front(const struct terminal *t);

/* Hands the keys over, if this program is in the terminal's foreground; gives them back.
 */
void terminal_enter(struct terminal *t);
void terminal_leave(struct terminal *t);

/* While the keys are handed over: Ctrl-C and its kind are signals for this program again.
 */
void terminal_take_signals(const struct terminal *t);

/* Line ends are turned into what terminals want just once: by the pty while the keys are
 * handed over, else by the user's terminal. */
void terminal_set_output(struct terminal *t);

/* Gives the pty the size that the user's terminal has now. */
void terminal_resize(const struct terminal *t);

/* Has this process a terminal, in whose foreground it is? */
bool terminal_is_ours(void);
