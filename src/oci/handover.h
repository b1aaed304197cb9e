/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/*
 * Descriptors for the container's first process. A runtime hands on 3, 4, ... as many as
 * $LISTEN_FDS and --preserve-fds say; ours stand behind those: first the read end of a
 * pipe with the block, then the helper, a sealed file in memory (a container that got at
 * the installed one could change it for the host).
 */
struct handover {
    unsigned preserve_fds; /* for the runtime's option: the caller's and ours */
    int block, helper;     /* their numbers */
    int process;           /* a file for `exec --process`; -1: none */
};

/* How many descriptors $LISTEN_FDS says, when they are meant for this process. When they
 * aren't, the variables are taken out of the environment, since crun doesn't look. */
unsigned handover_listen_fds(void);

/*
 * The numbers that ours will get, in *out, with so many before them. Nothing is opened.
 */
void handover_plan(struct handover *out, unsigned listen_fds, unsigned preserve_fds);

/*
 * Opens the helper program at `path` and puts it and the block into their places, over
 * whatever was there: all of that is closed for the container anyway. `process` (may be
 * NULL) becomes a file that only the runtime sees. They stay open over exec. ERR_IO,
 * ERR_NOT_FOUND (no helper), ERR_RESOURCE_EXHAUSTED (a pipe can't be that large here).
 */
int handover_open(struct handover *h, const char *path, const struct buf *block,
                  const struct buf *process, struct err *e) MUST_CHECK;
