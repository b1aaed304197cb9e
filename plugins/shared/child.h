/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "shared/plugin.h"

/*
 * A program that a plugin runs to its end: no shell, no terminal, its input given, its
 * output bounded.
 */

/* Of what it writes to stderr, so much is kept. */
#define CHILD_ERRORS_MAX 512

/* The most words of a command. */
#define CHILD_WORDS_MAX 64

struct child {
    const char *const *words;       /* ends in NULL; the first is looked for in PATH */
    const char *const *environment; /* ends in NULL; NULL: the plugin's own */
    const void *input;
    size_t input_size;
    size_t output_max;
};

struct child_end {
    int status; /* of its exit; 128 + the signal that ended it */
    struct buf output;
    struct buf errors; /* the beginning */
};

void child_end_deinit(struct child_end *end);
#define cleanup_child_end CLEANUP(child_end_deinit)

/*
 * Runs it. When the waiter's time is over, or it writes more than output_max, it and all
 * of its process group are killed. What it left running may keep its output open; that
 * isn't waited for. ERR_DEADLINE_EXCEEDED, ERR_CANCELED, ERR_RESOURCE_EXHAUSTED,
 * ERR_NOT_FOUND (there is no such program), ERR_IO, ERR_NO_MEMORY.
 */
int child_run(const struct child *c, const struct waiter *w, struct child_end *end,
              struct err *e) MUST_CHECK;

/* The first line that it wrote to stderr, fit to be shown; "" for none. Returns out. */
#define CHILD_LINE_SIZE 200
const char *child_errors(const struct child_end *end, char out[CHILD_LINE_SIZE]);
