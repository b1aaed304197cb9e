/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/output.h"

/* Prints tasks as `service ps` and `node ps` do, by the flags of TASK_FLAGS. */
int tasks_print(struct cli *c, json_t *tasks, struct err *e) MUST_CHECK;

extern const struct flag tasks_flags[];

/* "alpine:3" of "alpine:3@sha256:..."; a new string, NULL without memory. */
json_t *tasks_short_image(const char *image);

/* The first characters of an id, as Docker's tables show it. */
#define TASKS_SHORT_ID 12

/* "Running" for "running"; for at most 31 characters. */
void tasks_title(const char *word, char out[32]);
