/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/str.h"
#include "wire/connect_private.h"
#include "wire/gzip.h"

const char *connect_content_type(enum connect_codec codec)
{
    return codec == CONNECT_JSON ? "application/json" : "application/proto";
}

bool connect_codec_of(const char *content_type, enum connect_codec *out)
{
    if (!content_type)
        return false;
    if (str_equal_nocase(content_type, "application/proto"))
        *out = CONNECT_PROTO;
    else if (str_equal_nocase(content_type, "application/json") ||
             str_equal_nocase(content_type, "application/json; charset=utf-8") ||
             str_equal_nocase(content_type, "application/json;charset=utf-8"))
        *out = CONNECT_JSON;
    else
        return false;
    return true;
}

static int too_long(size_t n, size_t max, struct err *e)
{
    return err_set(e, ERR_RESOURCE_EXHAUSTED,
                   "message size %zu is larger than configured max %zu", n, max);
}

int connect_decode_body(const struct http_head *head, struct buf *body, size_t max,
                        struct buf *message, struct err *e)
{
    const char *encoding = http_head_get(head, "Content-Encoding");
    if (body->len > max)
        return too_long(body->len, max, e);
    if (str_is_empty(encoding) || str_equal_nocase(encoding, "identity")) {
        struct buf moved = *body;
        *body = (struct buf)BUF_INIT;
        buf_deinit(message);
        *message = moved;
        return 0;
    }
    if (!str_equal_nocase(encoding, "gzip"))
        return err_set(e, ERR_UNIMPLEMENTED,
                       "unknown compression \"%s\": supported encodings are gzip",
                       encoding);
    buf_reset(message);
    if (body->len == 0)
        return 0; /* nothing, whatever it is called */
    int r = gzip_inflate(body->data, body->len, max, message, e);
    if (r == ERR_BAD_MESSAGE)
        return err_wrap(e, ERR_INVALID_ARGUMENT, "decompress");
    return r;
}
