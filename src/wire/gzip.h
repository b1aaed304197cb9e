/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* gzip over bytes in memory. What zlib keeps meanwhile is wiped. */

/* Appends the compressed form of n bytes to out. ERR_NO_MEMORY, ERR_RESOURCE_EXHAUSTED
 * (over 2 GiB). */
int gzip_deflate(const void *data, size_t n, struct buf *out, struct err *e) MUST_CHECK;

/* Appends what n bytes, one whole gzip stream, stand for to out: up to max bytes.
 * ERR_BAD_MESSAGE, ERR_RESOURCE_EXHAUSTED, ERR_NO_MEMORY. */
int gzip_inflate(const void *data, size_t n, size_t max, struct buf *out,
                 struct err *e) MUST_CHECK;
