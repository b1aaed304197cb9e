/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/*
 * Only for the analyzer in tools/lint, which sees one file at a time: that what tells an
 * error fills it and returns a code other than 0 is in err.c, and without knowing that
 * every caller seems to go on after a failure.
 */
static inline int lint_err(struct err *e, int code)
{
    if (e) {
        e->code = code;
        e->text[0] = '\0';
    }
    return code;
}

/* The words of an error use their arguments. */
void lint_use(const char *format, ...);

#define err_set(e, code, ...) (lint_use(__VA_ARGS__), lint_err(e, (int)(code)))
#define err_wrap(e, code, ...) (lint_use(__VA_ARGS__), lint_err(e, (int)(code)))
#define err_errno(e, errnum, ...)                                                        \
    (lint_use(__VA_ARGS__), (void)(errnum), lint_err(e, ERR_IO))
#define err_no_memory(e) lint_err(e, ERR_NO_MEMORY)
