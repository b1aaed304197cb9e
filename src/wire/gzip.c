/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/gzip.h"

#include <stdbool.h>
#include <stdint.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/mem.h"

/* zlib's largest window, in a gzip wrapping. */
#define GZIP_WINDOW_BITS (15 + 16)
#define GZIP_MEMORY_LEVEL 8
#define GZIP_PIECE 4096

static voidpf alloc(voidpf user, uInt items, uInt size)
{
    return calloc(items, size);
}

static void free_wiped(voidpf user, voidpf p)
{
    mem_wipe_free(p);
}

static void end_deflate(z_stream *z)
{
    deflateEnd(z);
}

static void end_inflate(z_stream *z)
{
    inflateEnd(z);
}

int gzip_deflate(const void *data, size_t n, struct buf *out, struct err *e)
{
    if (n > UINT32_MAX / 2)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "too much to compress");
    CLEANUP(end_deflate)
    z_stream z = {.zalloc = alloc, .zfree = free_wiped};
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW_BITS,
                     GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return err_no_memory(e);
    size_t most = deflateBound(&z, (uLong)n);
    if (buf_reserve(out, most))
        return err_no_memory(e);
    z.next_in = data;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)out->data + out->len;
    z.avail_out = (uInt)most;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        return err_set(e, ERR_INTERNAL, "compressing failed");
    out->len += most - z.avail_out;
    out->data[out->len] = '\0';
    return 0;
}

/* Inflates a piece. *is_over tells whether it was the last. */
static int inflate_piece(z_stream *z, size_t room, struct buf *out, bool *is_over,
                         struct err *e)
{
    if (buf_reserve(out, room))
        return err_no_memory(e);
    z->next_out = (Bytef *)out->data + out->len;
    z->avail_out = (uInt)room;
    int r = inflate(z, Z_NO_FLUSH);
    out->len += room - z->avail_out;
    out->data[out->len] = '\0';
    *is_over = r == Z_STREAM_END;
    if (r == Z_MEM_ERROR)
        return err_no_memory(e);
    if (r != Z_STREAM_END && (r != Z_OK || z->avail_out == room))
        return err_set(e, ERR_BAD_MESSAGE, "malformed gzip data");
    if (r == Z_STREAM_END && z->avail_in)
        return err_set(e, ERR_BAD_MESSAGE, "bytes behind the gzip data");
    return 0;
}

int gzip_inflate(const void *data, size_t n, size_t max, struct buf *out, struct err *e)
{
    if (n > UINT32_MAX / 2)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "too much to inflate");
    CLEANUP(end_inflate)
    z_stream z = {.zalloc = alloc, .zfree = free_wiped};
    if (inflateInit2(&z, GZIP_WINDOW_BITS) != Z_OK)
        return err_no_memory(e);
    size_t start = out->len;
    z.next_in = data;
    z.avail_in = (uInt)n;
    for (bool is_over = false; !is_over;) {
        /* One byte more than is allowed, so that the last allowed one is no fault. */
        size_t left = max + 1 - (out->len - start);
        int r =
            inflate_piece(&z, left < GZIP_PIECE ? left : GZIP_PIECE, out, &is_over, e);
        if (r)
            return r;
        if (out->len - start > max)
            return err_set(e, ERR_RESOURCE_EXHAUSTED,
                           "what is compressed is longer than %zu bytes", max);
    }
    return 0;
}
