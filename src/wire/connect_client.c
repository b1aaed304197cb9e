/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "wire/connect_private.h"
#include "wire/gzip.h"
#include "wire/http_writer.h"
#include "json/json.h"

/* What an error's body may be. */
static const struct json_limits error_limits = {
    .bytes = 64 * 1024, .values = 1000, .depth = 32};

#define TIMEOUT_MAX_MS INT64_C(9999999999)

/* Milliseconds, rounded down as the reference client does, but never to nothing. */
static int write_timeout(int64_t timeout, struct buf *out)
{
    char text[24];
    int64_t ms = timeout / CLOCK_MILLISECOND;
    ms = ms < 1 ? 1 : ms > TIMEOUT_MAX_MS ? TIMEOUT_MAX_MS : ms;
    snprintf(text, sizeof(text), "%lld", (long long)ms);
    return http_write_header(out, "Connect-Timeout-Ms", text);
}

static int write_head(const struct connect_call *c, size_t n, struct buf *out)
{
    int r = http_write_request_line(out, "POST", c->procedure);
    if (!r)
        r = http_write_header(out, "Host", c->host);
    if (!r && c->user_agent)
        r = http_write_header(out, "User-Agent", c->user_agent);
    if (!r)
        r = http_write_length(out, n);
    if (!r && c->accepts_gzip)
        r = http_write_header(out, "Accept-Encoding", "gzip");
    if (!r && c->is_gzip)
        r = http_write_header(out, "Content-Encoding", "gzip");
    if (!r)
        r = http_write_header(out, "Connect-Protocol-Version", "1");
    if (!r && c->timeout)
        r = write_timeout(c->timeout, out);
    if (!r)
        r = http_write_header(out, "Content-Type", connect_content_type(c->codec));
    if (!r && c->is_last)
        r = http_write_header(out, "Connection", "close");
    return r ? r : http_write_head_end(out);
}

int connect_write_call(const struct connect_call *c, const void *message, size_t n,
                       struct buf *out, struct err *e)
{
    cleanup_buf struct buf packed = BUF_INIT;
    if (n > CONNECT_MESSAGE_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "a message of %zu bytes is too long",
                       n);
    int r = c->is_gzip ? gzip_deflate(message, n, &packed, e) : 0;
    if (r)
        return r;
    if (c->is_gzip) {
        message = packed.data;
        n = packed.len;
    }
    r = write_head(c, n, out);
    if (!r)
        r = buf_append(out, message, n);
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    return r ? err_set(e, r, "bad character in the head of a call") : 0;
}

/* ---- answers ---- */

/* The text of a member, NULL when it isn't there. */
static const char *text_of(const json_t *j, const char *key)
{
    return json_string_value(json_object_get(j, key));
}

/* What an error's body says, if it is one. */
static int read_error(const struct http_head *head, struct buf *body, struct err *e)
{
    cleanup_json json_t *j = NULL;
    cleanup_buf struct buf text = BUF_INIT;
    enum connect_codec codec;
    bool is_json = connect_codec_of(http_head_get(head, "Content-Type"), &codec) &&
                   codec == CONNECT_JSON;
    int r =
        is_json ? connect_decode_body(head, body, CONNECT_MESSAGE_MAX, &text, NULL) : 0;
    if (!r && is_json)
        r = json_read(buf_str(&text), text.len, &error_limits, &j, NULL);
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    const char *name = j ? text_of(j, "code") : NULL;
    const char *message = j ? text_of(j, "message") : NULL;
    int code = name ? connect_code_from_name(name) : connect_code_of_status(head->status);
    if (str_is_empty(message))
        return err_set(e, code, "HTTP status %d %s", head->status,
                       http_reason(head->status));
    err_set(e, code, "%s", message);
    if (e)
        connect_clean_text(e->text, strlen(e->text));
    return code;
}

int connect_read_answer(const struct http_head *head, struct buf *body,
                        enum connect_codec codec, struct buf *message, struct err *e)
{
    enum connect_codec sent;
    if (head->status != 200)
        return read_error(head, body, e);
    if (!connect_codec_of(http_head_get(head, "Content-Type"), &sent) || sent != codec)
        return err_set(e, ERR_BAD_MESSAGE, "the answer is of another content type");
    int r = connect_decode_body(head, body, CONNECT_MESSAGE_MAX, message, e);
    if (r == ERR_INVALID_ARGUMENT || r == ERR_UNIMPLEMENTED)
        return err_wrap(e, ERR_BAD_MESSAGE, "the answer");
    return r;
}
