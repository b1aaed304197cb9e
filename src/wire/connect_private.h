/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "wire/connect.h"

/* What client and server of Connect share. */

const char *connect_content_type(enum connect_codec codec);

/* The codec that a Content-Type names; false for any other. */
bool connect_codec_of(const char *content_type, enum connect_codec *out);

/* Takes the body out of its Content-Encoding, into message: at most max bytes. */
int connect_decode_body(const struct http_head *head, struct buf *body, size_t max,
                        struct buf *message, struct err *e) MUST_CHECK;
