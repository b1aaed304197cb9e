/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "agent/reference_start.h"
#include "base/buf.h"
#include "base/err.h"

/*
 * The value of one reference, "se://db/password": asks the secrets engine of this
 * process's user, root's, and lets go of itself. Where none listens, one is started, if
 * that is ours to do, and asked once.
 */
struct reference_call;

/* How long the engine may take; a person may have to be asked. */
#define REFERENCE_CALL_TIMEOUT_MS 30000

/* value (NULL when r isn't 0) may be moved out, and is wiped otherwise. */
typedef void (*reference_done)(int r, const struct err *e, struct buf *value, void *user);

/*
 * `done` comes once, from the loop, unless the call is closed before; the call is gone
 * then. It tells what err.h's codes are for: ERR_NOT_FOUND, ERR_FAILED_PRECONDITION for a
 * pattern that matches several, ERR_UNAVAILABLE without an engine; the words name
 * `place`, what the value is for, and the reference. ERR_NO_MEMORY, ERR_IO when it can't
 * be begun. `start` is borrowed.
 */
int reference_call_new(struct reference_start *start, const char *place,
                       const char *reference, reference_done done, void *user,
                       struct reference_call **out, struct err *e) MUST_CHECK;

/* No callback after this. NULL is fine. */
void reference_call_close(struct reference_call *c);
