/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Base64 with the usual alphabet and padding, as Go reads it: line ends are skipped, and
 * what is wrong is told with its place: "illegal base64 data at input byte 3".
 */

/* Decodes n characters to new memory, which is wiped before it is freed here and should
 * be by the caller. *out is NULL when there are no bytes. ERR_INVALID_ARGUMENT,
 * ERR_NO_MEMORY. */
int base64_decode(const char *s, size_t n, uint8_t **out, size_t *len,
                  struct err *e) MUST_CHECK;

int base64_encode(struct buf *out, const void *data, size_t n) MUST_CHECK;
