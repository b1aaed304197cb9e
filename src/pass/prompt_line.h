/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * A line with a secret as it is typed or pasted on a raw terminal: which bytes make it,
 * and what the terminal shows meanwhile, a star for each character. Pure.
 *
 * Return ends it. Backspace deletes a character, Ctrl-U all of them, Ctrl-C cancels,
 * Ctrl-D gives up. What a terminal sends for pasted text is known by its brackets (ESC
 * [200~ and ESC [201~). Refused are line ends within pasted text, control characters,
 * what isn't UTF-8, nothing at all, and bytes behind the Return that ended it: each would
 * be a secret other than the one that was meant.
 */
#define PROMPT_LINE_MAX 65536

#define PROMPT_ESCAPE_MAX 6

struct prompt_line {
    struct buf text;
    char escape[PROMPT_ESCAPE_MAX]; /* the beginning of a sequence */
    size_t n_escape;
    bool is_pasting;
};

#define PROMPT_LINE_INIT                                                                 \
    {                                                                                    \
        0                                                                                \
    }

void prompt_line_deinit(struct prompt_line *l);

/* Takes n bytes. Appends to `echo` what the terminal shall show. *is_done: text is the
 * secret. ERR_CANCELED for Ctrl-C; ERR_INVALID_ARGUMENT for what is refused;
 * ERR_NO_MEMORY. */
int prompt_line_feed(struct prompt_line *l, const char *bytes, size_t n, struct buf *echo,
                     bool *is_done, struct err *e) MUST_CHECK;
