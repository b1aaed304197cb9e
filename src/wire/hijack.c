/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/hijack.h"

#include <string.h>

#include "base/str.h"
#include "wire/connect.h"

int hijack_write_request(struct buf *out)
{
    return buf_append_str(out, "GET " HIJACK_PATH " HTTP/1.1\r\n"
                               "Host: secrets-engine.localhost\r\n"
                               "Connection: upgrade\r\n"
                               "Upgrade: tcp\r\n"
                               "\r\n");
}

bool hijack_is_request(const struct http_head *head)
{
    return str_equal(head->method, "GET") && str_equal(head->target, HIJACK_PATH) &&
           http_head_has_token(head, "Connection", "upgrade") &&
           http_head_has_token(head, "Upgrade", "tcp");
}

void hijack_init(struct hijack *h)
{
    *h = (struct hijack){0};
    unary_init(&h->refusal, HTTP_RESPONSE, HIJACK_BODY_MAX);
}

void hijack_deinit(struct hijack *h)
{
    buf_deinit(&h->head);
    unary_deinit(&h->refusal);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/0.0 101 ": the status, 0 when the line is no status line. */
static int read_status(const char *line)
{
    if (!str_starts_with(line, "HTTP/") || strlen(line) < 13)
        return 0;
    const char *s = line + 5;
    if (!is_digit(s[0]) || s[1] != '.' || !is_digit(s[2]) || s[3] != ' ' ||
        !is_digit(s[4]) || !is_digit(s[5]) || !is_digit(s[6]))
        return 0;
    return (s[4] - '0') * 100 + (s[5] - '0') * 10 + (s[6] - '0');
}

/* A refusal that is whole, as an error. */
static int refuse(struct hijack *h, struct err *e)
{
    struct buf *body = &h->refusal.body;
    while (body->len && strchr("\r\n ", body->data[body->len - 1]))
        body->data[--body->len] = '\0';
    int status = h->refusal.reader.head.status;
    int code = connect_code_of_status(status);
    connect_clean_text(body->data, body->len);
    if (!body->len)
        return err_set(e, code, "the engine refuses plugins: HTTP status %d", status);
    return err_set(e, code, "the engine refuses plugins: %s", body->data);
}

/* A usual answer, read from its beginning. */
static int feed_refusal(struct hijack *h, const char *data, size_t n, size_t *used,
                        struct err *e)
{
    int r = unary_feed(&h->refusal, data, n, used, e);
    if (!r && h->refusal.is_complete)
        r = refuse(h, e);
    return r;
}

/* The head is whole. */
static int on_head(struct hijack *h, struct err *e)
{
    int status = read_status(h->head.data);
    size_t used;
    if (status == 101) {
        h->is_done = true;
        return 0;
    }
    if (status < 200)
        return err_set(e, ERR_BAD_MESSAGE, "the engine's answer is no HTTP");
    h->is_refused = true;
    return feed_refusal(h, h->head.data, h->head.len, &used, e);
}

static bool head_is_whole(const struct buf *head)
{
    return head->len >= 4 && memcmp(head->data + head->len - 4, "\r\n\r\n", 4) == 0;
}

int hijack_feed(struct hijack *h, const char *data, size_t n, size_t *used, struct err *e)
{
    if (h->is_refused)
        return feed_refusal(h, data, n, used, e);
    for (*used = 0; *used < n && !h->is_done && !h->is_refused;) {
        if (h->head.len == HTTP_HEAD_MAX)
            return err_set(e, ERR_RESOURCE_EXHAUSTED, "the engine's answer is too long");
        if (buf_append_char(&h->head, data[(*used)++]))
            return err_no_memory(e);
        int r = head_is_whole(&h->head) ? on_head(h, e) : 0;
        if (r)
            return r;
    }
    if (!h->is_refused || *used == n)
        return 0;
    size_t more = 0;
    int r = feed_refusal(h, data + *used, n - *used, &more, e);
    *used += more;
    return r;
}

int hijack_eof(struct hijack *h, struct err *e)
{
    if (!h->is_refused)
        return err_set(e, ERR_UNAVAILABLE, "the engine closed the connection");
    int r = unary_eof(&h->refusal, e);
    return r ? r : refuse(h, e);
}
