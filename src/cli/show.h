/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/macro.h"

/*
 * Lines of progress that change: on a terminal each stands in its place with a bar, else
 * a line is printed when its text changes and has no bar.
 */

/* The most lines that can change, and the longest text of one. */
#define SHOW_LINES_MAX 32
#define SHOW_TEXT_MAX 160

struct show {
    FILE *out; /* NULL: nothing is shown */
    bool terminal;
    int columns;
    struct show_line {
        char id[32];
        char text[SHOW_TEXT_MAX];
        int current;
    } lines[SHOW_LINES_MAX];
    size_t len;
};

/* For standard output, whatever it is; quiet: nothing is shown. */
void show_init(struct show *s, bool quiet);

/* Sets the line "id: text". current of total: a bar; total 0: none. */
void show_line(struct show *s, const char *id, int current, int total, const char *fmt,
               ...) PRINTF_LIKE(5, 6);

/* A line without an id, below all others. */
void show_message(struct show *s, const char *text);
