/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/*
 * How an OCI runtime tells its caller what is wrong: a line on standard error, and one in
 * the file of --log, whose last error the engine shows to its user. Both name nothing
 * secret; the words come from struct err.
 */
struct report {
    const char *file;   /* --log; NULL: none */
    const char *format; /* --log-format: "json", or anything else for text */
};

void report_error(const struct report *r, const struct err *e);

/* Only into the file. */
void report_warning(const struct report *r, const struct err *e);
