/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "engined/requester.h"
#include "loop/loop.h"
#include "resolver/pattern.h"

/*
 * Asks a person, by the command of the settings: its arguments are the patterns that are
 * wanted; COFFER_REQUESTER_PID, _NAME and _PATH in its environment, which is ours else,
 * say who wants them.
 * Exit status 0 is a yes, everything else a no.
 */
struct prompt;

#define PROMPT_TIMEOUT (60 * CLOCK_SECOND)
#define PROMPT_PATTERNS_MAX 64

/* cb comes once unless the prompt is closed. code 0: yes; ERR_PERMISSION_DENIED: no;
 * ERR_DEADLINE_EXCEEDED: no answer. Over PROMPT_PATTERNS_MAX patterns it is
 * ERR_RESOURCE_EXHAUSTED. */
int prompt_new(uv_loop_t *loop, const char *command, const struct requester *who,
               const struct pattern *const *patterns, size_t n,
               void (*cb)(int code, const struct err *e, void *user), void *user,
               struct prompt **out, struct err *e) MUST_CHECK;

/* Kills what still runs, with what it started. NULL is fine. */
void prompt_close(struct prompt *p);
