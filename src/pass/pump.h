/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <poll.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "pass/mask.h"

/*
 * Bytes from one descriptor to another, filtered on their way. It reads only when what it
 * read before has gone out, so that a slow reader slows the writer, and writes only what
 * fits, so that nobody waits within a step.
 */
struct pump {
    int from;                   /* -1: at its end */
    int to;                     /* borrowed */
    struct mask_stream *filter; /* NULL: bytes go as they come */
    bool is_prompt;             /* what is held back goes out after a pause */
    struct buf out;
    size_t held; /* read since the writer's end */
    int errnum;  /* why it could write no more; a reader that has gone is none: 0 */
};

#define PUMP_FDS 2

/* What to wait for: fds[0] is where it reads, fds[1] where it writes; -1 for neither. */
void pump_poll(const struct pump *p, struct pollfd fds[PUMP_FDS]);

/* After poll. When the reader has gone, from is closed, so that the writer is told. */
int pump_step(struct pump *p, const struct pollfd fds[PUMP_FDS],
              struct err *e) MUST_CHECK;

/* Does it hold back what should be seen soon? */
bool pump_is_waiting(const struct pump *p);
int pump_flush(struct pump *p, struct err *e) MUST_CHECK;

/* Moves what is there and can be had without waiting for the writer, nor for one that
 * never ends. Waits for the reader, until signals (a signalfd) can be read: then the rest
 * stays in out. */
int pump_catch_up(struct pump *p, int signals, struct err *e) MUST_CHECK;

/* The writer has ended: what it left is all that is still read. It waits for nobody; to
 * be called before each poll from then on, until the pump is done. */
int pump_end(struct pump *p, struct err *e) MUST_CHECK;
bool pump_is_done(const struct pump *p);

void pump_close(struct pump *p);
