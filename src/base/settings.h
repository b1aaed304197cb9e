/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/*
 * Settings as text: lines "name = value", spaces around both don't count; empty lines and
 * those that begin with '#' are passed over.
 */

/*
 * Calls `take` for each line, in order; text is changed (NULs are put into it), and what
 * take gets points into it. Stops at the first error, which names the line:
 * ERR_INVALID_ARGUMENT for a line of another form, else what take returned.
 */
int settings_read(char *text,
                  int (*take)(const char *name, const char *value, void *user,
                              struct err *e),
                  void *user, struct err *e) MUST_CHECK;
