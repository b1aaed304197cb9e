/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <coffer/coffer.h>

#include "base/err.h"

/*
 * What the files of the SDK share. Inside, errors are those of base/err.h; the public
 * functions turn them into those of the header at the last moment.
 */

/* What a code of base/err.h is to the SDK's callers. */
int sdk_code(int code);

/* The way back, for what a plugin's callback returned. */
int sdk_code_to_err(int code);

/* Sets *to (may be NULL) from an error. Returns the SDK's code; 0 for 0. */
int sdk_error(struct coffer_error *to, int code, const struct err *from);

/*
 * Copies a caller's struct whose first member is its own size into one of ours, of
 * `known` bytes. What the caller's lacks is zero here. ERR_INVALID_ARGUMENT when it has
 * more than we know of and uses it, or no size at all.
 */
int sdk_copy_struct(void *dst, size_t known, const void *src, const char *what,
                    struct err *e) MUST_CHECK;

/* protobuf-c's structs want texts and bytes that can be written; it only reads them. */
static inline char *sdk_borrowed(const void *p)
{
    return (char *)(uintptr_t)p;
}

/* Time since some unknown point, as in base/clock.h; never goes back. */
int64_t sdk_now(void);

/* Milliseconds from `now` to a deadline, rounded up, as poll() wants them; -1 for
 * CLOCK_NEVER. */
int sdk_poll_time(int64_t deadline, int64_t now);
