/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Titles of 1Password as components of ids, by Docker's rules: a space becomes "-", "/"
 * and "&" become "_", what else isn't a letter of ASCII, a digit, "-", "." or "_" is
 * dropped, and letters are small.
 */

/* Appends a title's component, which may be nothing at all. 0 or ERR_NO_MEMORY. */
int onepassword_name(struct buf *out, const char *title) MUST_CHECK;

/* Is it an id as 1Password makes them, letters and digits (and "-" behind the first)? It
 * goes into paths and words of a command. */
bool onepassword_is_id(const char *text);
