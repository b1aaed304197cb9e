/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "wire/connect_private.h"
#include "wire/gzip.h"
#include "wire/http_writer.h"
#include "json/json.h"

#define ACCEPT_POST "application/json, application/json; charset=utf-8, application/proto"

int connect_refusal(const struct http_head *head)
{
    enum connect_codec codec;
    if (!str_equal(head->method, "POST"))
        return 405;
    return connect_codec_of(http_head_get(head, "Content-Type"), &codec) ? 0 : 415;
}

void connect_request_deinit(struct connect_request *r)
{
    buf_deinit(&r->message);
}

static int read_timeout(const char *text, int64_t *out, struct err *e)
{
    uint64_t ms;
    if (strlen(text) > CONNECT_TIMEOUT_DIGITS)
        return err_set(e, ERR_INVALID_ARGUMENT, "parse timeout: \"%s\" has >%d digits",
                       text, CONNECT_TIMEOUT_DIGITS);
    if (!str_to_u64(text, &ms))
        return err_set(e, ERR_INVALID_ARGUMENT, "parse timeout: \"%s\" is no number",
                       text);
    /* Nothing is left of a timeout of 0; as a number of ours it would be none at all. */
    *out = ms ? (int64_t)ms * CLOCK_MILLISECOND : 1;
    return 0;
}

int connect_read_request(const struct http_head *head, struct buf *body, size_t max,
                         struct connect_request *r, struct err *e)
{
    const char *version = http_head_get(head, "Connect-Protocol-Version");
    const char *timeout = http_head_get(head, "Connect-Timeout-Ms");
    r->timeout = 0;
    r->accepts_gzip = http_head_has_token(head, "Accept-Encoding", "gzip");
    if (!connect_codec_of(http_head_get(head, "Content-Type"), &r->codec))
        return err_set(e, ERR_INVALID_ARGUMENT, "unknown content type");
    if (version && !str_equal(version, "1"))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "connect-protocol-version must be \"1\": got \"%s\"", version);
    int code = str_is_empty(timeout) ? 0 : read_timeout(timeout, &r->timeout, e);
    return code ? code : connect_decode_body(head, body, max, &r->message, e);
}

/* ---- answers ---- */

static void add_header(struct connect_answer *a, const char *name, const char *value)
{
    a->headers[a->n_headers++] = (struct http_header){name, value};
}

void connect_answer_deinit(struct connect_answer *a)
{
    buf_deinit(&a->memory);
}

int connect_answer(const struct connect_request *to, bool is_gzip, const void *message,
                   size_t n, struct connect_answer *out, struct err *e)
{
    *out = (struct connect_answer){.status = 200, .body = message, .n = n};
    add_header(out, "Accept-Encoding", "gzip");
    if (is_gzip && to->accepts_gzip) {
        int r = gzip_deflate(message, n, &out->memory, e);
        if (r) {
            connect_answer_deinit(out);
            return r;
        }
        out->body = out->memory.data;
        out->n = out->memory.len;
        add_header(out, "Content-Encoding", "gzip");
    }
    add_header(out, "Content-Type", connect_content_type(to->codec));
    return 0;
}

/* {"code": ..., "message": ...}, the message as far as it is text. */
static int write_error_body(int code, const char *text, struct buf *out)
{
    cleanup_buf struct buf clean = BUF_INIT;
    cleanup_json json_t *j = json_object();
    if (!j || buf_append_str(&clean, text))
        return ERR_NO_MEMORY;
    connect_clean_text(clean.data, clean.len);
    if (json_object_set_new(j, "code", json_string(connect_code_name(code))) ||
        json_object_set_new(j, "message", json_stringn(clean.data, clean.len)))
        return ERR_NO_MEMORY;
    return json_write(j, out);
}

int connect_answer_error(int code, const char *text, struct connect_answer *out,
                         struct err *e)
{
    *out = (struct connect_answer){.status = connect_code_status(code)};
    if (write_error_body(code, text, &out->memory)) {
        buf_deinit(&out->memory);
        return err_no_memory(e);
    }
    out->body = out->memory.data;
    out->n = out->memory.len;
    add_header(out, "Accept-Encoding", "gzip");
    add_header(out, "Content-Type", "application/json");
    return 0;
}

void connect_answer_refusal(int status, struct connect_answer *out)
{
    static const char not_found[] = "404 page not found\n";
    *out = (struct connect_answer){.status = status};
    if (status == 405) {
        add_header(out, "Allow", "POST");
    } else if (status == 415) {
        add_header(out, "Accept-Post", ACCEPT_POST);
    } else if (status == 404) {
        add_header(out, "Content-Type", "text/plain; charset=utf-8");
        out->body = not_found;
        out->n = sizeof(not_found) - 1;
    }
}

/* ---- answers with their heads ---- */

static int write_head(const struct connect_answer *a, const struct connect_reply *o,
                      struct buf *out)
{
    int r = http_write_status_line(out, a->status);
    for (size_t i = 0; i < a->n_headers && !r; i++)
        r = http_write_header(out, a->headers[i].name, a->headers[i].value);
    if (!r && o->date)
        r = http_write_header(out, "Date", o->date);
    if (!r)
        r = http_write_length(out, a->n);
    if (!r && o->is_last)
        r = http_write_header(out, "Connection", "close");
    return r ? r : http_write_head_end(out);
}

/* Frees the answer's memory. */
static int write_answer(struct connect_answer *a, const struct connect_reply *o,
                        struct buf *out, struct err *e)
{
    int r = write_head(a, o, out);
    if (!r)
        r = buf_append(out, a->body, a->n);
    connect_answer_deinit(a);
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    return r ? err_set(e, r, "bad character in the head of an answer") : 0;
}

int connect_write_answer(const struct connect_request *to, const struct connect_reply *o,
                         const void *message, size_t n, struct buf *out, struct err *e)
{
    struct connect_answer a;
    int r = connect_answer(to, o->is_gzip, message, n, &a, e);
    return r ? r : write_answer(&a, o, out, e);
}

int connect_write_error(const struct connect_reply *o, int code, const char *text,
                        struct buf *out, struct err *e)
{
    struct connect_answer a;
    int r = connect_answer_error(code, text, &a, e);
    return r ? r : write_answer(&a, o, out, e);
}

int connect_write_refusal(const struct connect_reply *o, int status, struct buf *out,
                          struct err *e)
{
    struct connect_answer a;
    connect_answer_refusal(status, &a);
    return write_answer(&a, o, out, e);
}
