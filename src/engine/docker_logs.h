/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "engine/engine.h"

/*
 * The engine's log stream: frames of an 8-byte header {stream, 0, 0, 0, length (big
 * endian)} and as many bytes. Fed with bytes as they come, it gives out whole frames;
 * those longer than DOCKER_LOG_PIECE_MAX in pieces. Pure.
 */
#define DOCKER_LOG_PIECE_MAX (64 * 1024)

struct docker_logs {
    bool is_raw; /* no frames: all is stdout */
    engine_log_data data;
    void *user;
    unsigned char header[8];
    size_t header_len;
    uint32_t left; /* of the frame's bytes */
    struct buf piece;
};

void docker_logs_init(struct docker_logs *l, bool is_raw, engine_log_data data,
                      void *user);
void docker_logs_deinit(struct docker_logs *l);

/* ERR_BAD_MESSAGE for a header that is none, ERR_NO_MEMORY. The stream is over then. */
int docker_logs_feed(struct docker_logs *l, const void *data, size_t n,
                     struct err *e) MUST_CHECK;

/* The stream has ended: ERR_BAD_MESSAGE when that was within a frame. */
int docker_logs_end(const struct docker_logs *l, struct err *e) MUST_CHECK;
