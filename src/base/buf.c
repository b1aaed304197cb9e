/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define BUF_FIRST_SIZE 256

void buf_deinit(struct buf *b)
{
    if (b->data)
        mem_wipe(b->data, b->cap);
    free(b->data);
    *b = (struct buf)BUF_INIT;
}

void buf_reset(struct buf *b)
{
    if (b->data)
        mem_wipe(b->data, b->len + 1);
    b->len = 0;
}

int buf_reserve(struct buf *b, size_t n)
{
    size_t needed;
    if (__builtin_add_overflow(b->len, n, &needed) ||
        __builtin_add_overflow(needed, 1, &needed))
        return ERR_NO_MEMORY;
    if (needed <= b->cap)
        return 0;
    size_t cap = b->cap ? b->cap : BUF_FIRST_SIZE;
    while (cap < needed)
        if (__builtin_mul_overflow(cap, 2, &cap))
            return ERR_NO_MEMORY;
    char *grown = malloc(cap);
    if (!grown)
        return ERR_NO_MEMORY;
    if (b->data)
        memcpy(grown, b->data, b->len);
    grown[b->len] = '\0';
    size_t len = b->len;
    buf_deinit(b);
    *b = (struct buf){.data = grown, .len = len, .cap = cap};
    return 0;
}

int buf_append(struct buf *b, const void *data, size_t n)
{
    int r = buf_reserve(b, n);
    if (r)
        return r;
    if (n)
        memcpy(b->data + b->len, data, n);
    b->len += n;
    b->data[b->len] = '\0';
    return 0;
}

int buf_append_str(struct buf *b, const char *s)
{
    return buf_append(b, s, strlen(s));
}

int buf_append_char(struct buf *b, char c)
{
    return buf_append(b, &c, 1);
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || buf_reserve(b, (size_t)n))
        return ERR_NO_MEMORY;
    va_start(ap, fmt);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
    return 0;
}

void buf_consume(struct buf *b, size_t n)
{
    size_t rest = b->len - n;
    if (!n)
        return;
    memmove(b->data, b->data + n, rest);
    mem_wipe(b->data + rest, n);
    b->len = rest;
    b->data[rest] = '\0';
}

const char *buf_str(const struct buf *b)
{
    return b->data ? b->data : "";
}

char *buf_take(struct buf *b)
{
    char *data = b->data;
    *b = (struct buf)BUF_INIT;
    return data;
}
