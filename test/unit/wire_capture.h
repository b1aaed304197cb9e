/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Recorded exchanges between Go programs that speak the secrets engine's protocol
 * (test/vectors/secrets/captures): what each side sent, whole. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

/* Appends the recording of that name ("cap.0.c2s"). */
static inline void capture_read(const char *name, struct buf *out)
{
    char path[512], piece[4096];
    const char *source = getenv("COFFER_SOURCE");
    snprintf(path, sizeof(path), "%s/test/vectors/secrets/captures/%s",
             source ? source : ".", name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
        assert_int_equal(buf_append(out, piece, n), 0);
    fclose(f);
}

/* The place behind the first empty line. */
static inline size_t capture_head_size(const struct buf *b)
{
    const char *end = memmem(b->data, b->len, "\r\n\r\n", 4);
    assert_non_null(end);
    return (size_t)(end - b->data) + 4;
}
