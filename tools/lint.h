/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/*
 * Only for the analyzer in tools/lint, which sees one file at a time: that what tells an
 * error returns a code other than 0 is in err.c, and without it every caller seems to go
 * on after a failure.
 */
#define err_set(e, code, ...) ((void)(e), (int)(code))
#define err_wrap(e, code, ...) ((void)(e), (int)(code))
#define err_errno(e, errnum, ...) ((void)(e), (void)(errnum), (int)ERR_IO)
#define err_no_memory(e) ((void)(e), (int)ERR_NO_MEMORY)
