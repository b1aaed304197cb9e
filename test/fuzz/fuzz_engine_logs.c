/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's log stream: whatever the cuts, the same pieces come out, and what they
 * hold never exceeds what went in.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "engine/docker_logs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void keep(int stream, const void *data, size_t n, void *user)
{
    struct buf *out = user;
    if (n == 0 || n > DOCKER_LOG_PIECE_MAX || (stream != 1 && stream != 2))
        abort();
    if (buf_append_char(out, (char)stream) || buf_append(out, data, n))
        abort();
}

/* 0, or the error; out is what came. */
static int feed(const uint8_t *data, size_t size, size_t step, struct buf *out)
{
    struct docker_logs l;
    int r = 0;
    docker_logs_init(&l, false, keep, out);
    for (size_t at = 0; at < size && !r; at += step)
        r = docker_logs_feed(&l, data + at, size - at < step ? size - at : step, NULL);
    r = r ?: docker_logs_end(&l, NULL);
    docker_logs_deinit(&l);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_buf struct buf whole = BUF_INIT;
    cleanup_buf struct buf cut = BUF_INIT;
    if (size < 2)
        return 0;
    size_t step = (size_t)data[0] + 1;
    data++;
    size--;
    int a = feed(data, size, size, &whole);
    int b = feed(data, size, step, &cut);
    if (a != b || whole.len != cut.len || whole.len > 2 * size ||
        (whole.len && memcmp(whole.data, cut.data, whole.len)))
        abort();
    return 0;
}
