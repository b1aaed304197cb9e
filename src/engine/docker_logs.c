/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/docker_logs.h"

#include <string.h>

#define HEADER_SIZE 8

void docker_logs_init(struct docker_logs *l, bool is_raw, engine_log_data data,
                      void *user)
{
    *l = (struct docker_logs){.is_raw = is_raw, .data = data, .user = user};
}

void docker_logs_deinit(struct docker_logs *l)
{
    buf_deinit(&l->piece);
}

/* Stream 0 (standard input) and 3 (the daemon's own errors) exist, but carry nothing of
 * the container's. */
static int check_header(const struct docker_logs *l, struct err *e)
{
    const unsigned char *h = l->header;
    if (h[0] > 3 || h[1] || h[2] || h[3])
        return err_set(e, ERR_BAD_MESSAGE, "the engine's log stream is garbled");
    return 0;
}

static int feed_header(struct docker_logs *l, const unsigned char **at, size_t *n,
                       struct err *e)
{
    size_t take = HEADER_SIZE - l->header_len;
    if (take > *n)
        take = *n;
    memcpy(l->header + l->header_len, *at, take);
    l->header_len += take;
    *at += take;
    *n -= take;
    if (l->header_len < HEADER_SIZE)
        return 0;
    const unsigned char *h = l->header;
    l->left = (uint32_t)h[4] << 24 | (uint32_t)h[5] << 16 | (uint32_t)h[6] << 8 | h[7];
    if (l->left == 0)
        l->header_len = 0;
    return check_header(l, e);
}

static void give_out(struct docker_logs *l)
{
    int stream = l->header[0];
    if ((stream == 1 || stream == 2) && l->piece.len)
        l->data(stream, l->piece.data, l->piece.len, l->user);
    buf_reset(&l->piece);
}

static int feed_piece(struct docker_logs *l, const unsigned char **at, size_t *n,
                      struct err *e)
{
    size_t take = DOCKER_LOG_PIECE_MAX - l->piece.len;
    if (take > l->left)
        take = l->left;
    if (take > *n)
        take = *n;
    if (buf_append(&l->piece, *at, take))
        return err_no_memory(e);
    l->left -= (uint32_t)take;
    *at += take;
    *n -= take;
    if (l->left == 0 || l->piece.len == DOCKER_LOG_PIECE_MAX)
        give_out(l);
    if (l->left == 0)
        l->header_len = 0;
    return 0;
}

int docker_logs_feed(struct docker_logs *l, const void *data, size_t n, struct err *e)
{
    const unsigned char *at = data;
    if (l->is_raw) {
        if (n)
            l->data(1, data, n, l->user);
        return 0;
    }
    int r = 0;
    while (n && !r) {
        if (l->header_len < HEADER_SIZE)
            r = feed_header(l, &at, &n, e);
        else
            r = feed_piece(l, &at, &n, e);
    }
    return r;
}

int docker_logs_end(const struct docker_logs *l, struct err *e)
{
    if (l->header_len == 0)
        return 0;
    return err_set(e, ERR_BAD_MESSAGE, "the engine's log stream ended within a line");
}
