/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * A program that is run to its end: no shell, no terminal, its input given, its output
 * and its time bounded.
 */

/* Of what it writes to stderr, so much is kept. */
#define PROGRAM_ERRORS_MAX 4096

struct program {
    const char *const *words;       /* ends in NULL; the first is looked for in PATH */
    const char *const *environment; /* ends in NULL; NULL: our own */
    const void *input;
    size_t input_size;
    size_t output_max;
};

struct program_end {
    int status; /* of its exit; 128 + the signal that ended it */
    struct buf output;
    struct buf errors; /* the beginning */
};

void program_end_deinit(struct program_end *end);
#define cleanup_program_end CLEANUP(program_end_deinit)

/*
 * Waits until a descriptor can be read, for whoever has something else to do meanwhile;
 * it may return before. The first error ends the program: ERR_DEADLINE_EXCEEDED when its
 * time is over, even where there is something to read.
 */
typedef int program_wait(const void *user, int fd, struct err *e);

/*
 * Runs it. When waiting fails, or it writes more than output_max, it and all of its
 * process group are killed. What it left running may keep its output open; that isn't
 * waited for. SIGPIPE must be ignored, since it need not read its input. SIGCHLD must
 * not be, as it may have been inherited: then nobody knows how the program ended, which
 * is ERR_IO. Errors of the wait, ERR_RESOURCE_EXHAUSTED, ERR_NOT_FOUND (there is no such
 * program), ERR_IO, ERR_NO_MEMORY.
 */
int program_run(const struct program *c, program_wait *wait, const void *user,
                struct program_end *end, struct err *e) MUST_CHECK;

/* The same for at most so many nanoseconds, in which nothing else is done. */
int program_run_within(const struct program *c, int64_t timeout, struct program_end *end,
                       struct err *e) MUST_CHECK;

/* The first line that it wrote to stderr, fit to be shown; "" for none. Returns out. */
#define PROGRAM_LINE_SIZE 200
const char *program_errors(const struct program_end *end, char out[PROGRAM_LINE_SIZE]);
