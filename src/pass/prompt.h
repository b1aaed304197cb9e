/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Questions to a person: asked on standard error, answered on standard input, which must
 * be a terminal. A signal that ends the program finds the terminal restored.
 */
bool prompt_is_possible(void);

/* Asks for a secret, shown as stars (prompt_line.h has the rules). ERR_CANCELED,
 * ERR_INVALID_ARGUMENT, ERR_IO, ERR_NO_MEMORY. */
int prompt_secret(const char *question, struct buf *out, struct err *e) MUST_CHECK;

/* Asks yes or no; what isn't a yes is a no. */
bool prompt_yes(const char *question);
