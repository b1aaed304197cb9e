/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/macro.h"

/*
 * A growing buffer of bytes, for text and for secrets alike: it grows by new memory, copy
 * and wipe of the old, never by realloc, and is wiped when it goes. `struct buf b =
 * BUF_INIT;` is an empty one and needs no memory.
 *
 * Behind data[len - 1] there is always a NUL once data isn't NULL, so text can be read as
 * a C string.
 */
struct buf {
    char *data;
    size_t len;
    size_t cap;
};

#define BUF_INIT                                                                         \
    {                                                                                    \
        0                                                                                \
    }

/* Wipes and frees the contents; the buffer is empty and usable afterwards. */
void buf_deinit(struct buf *b);

/* Forgets the contents (wiped), keeps the memory. */
void buf_reset(struct buf *b);

/* Makes room for n more bytes. All the growing ones return 0 or ERR_NO_MEMORY, and then
 * leave the contents as they were. */
int buf_reserve(struct buf *b, size_t n) MUST_CHECK;
int buf_append(struct buf *b, const void *data, size_t n) MUST_CHECK;
int buf_append_str(struct buf *b, const char *s) MUST_CHECK;
int buf_append_char(struct buf *b, char c) MUST_CHECK;
int buf_printf(struct buf *b, const char *fmt, ...) MUST_CHECK PRINTF_LIKE(2, 3);

/* Drops the first n bytes and moves the rest to the front. */
void buf_consume(struct buf *b, size_t n);

/* The contents as a C string; "" when there are none. */
const char *buf_str(const struct buf *b);

/* Moves the memory out: the caller frees it (mem_wipe_free when it may hold a secret).
 * NULL when it never held any. */
char *buf_take(struct buf *b);

#define cleanup_buf CLEANUP(buf_deinit)
