/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http_writer.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

int http_write_status_line(struct buf *out, int status)
{
    return buf_printf(out, "HTTP/1.1 %d %s\r\n", status, http_reason(status));
}

static bool is_word(const char *s)
{
    if (!*s)
        return false;
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || *s == 0x7f)
            return false;
    return true;
}

int http_write_request_line(struct buf *out, const char *method, const char *target)
{
    if (!is_word(method) || !is_word(target))
        return ERR_INVALID_ARGUMENT;
    return buf_printf(out, "%s %s HTTP/1.1\r\n", method, target);
}

/* One reservation for the whole line. */
int http_write_header(struct buf *out, const char *name, const char *value)
{
    size_t name_len = strlen(name), value_len = strlen(value);
    if (!is_word(name) || strchr(name, ':') || strpbrk(value, "\r\n"))
        return ERR_INVALID_ARGUMENT;
    int r = buf_reserve(out, name_len + value_len + 4);
    if (r)
        return r;
    char *to = out->data + out->len;
    memcpy(to, name, name_len);
    memcpy(to + name_len, ": ", 2);
    memcpy(to + name_len + 2, value, value_len);
    memcpy(to + name_len + 2 + value_len, "\r\n", 3);
    out->len += name_len + value_len + 4;
    return 0;
}

int http_write_length(struct buf *out, uint64_t n)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
    return http_write_header(out, "Content-Length", text);
}

int http_write_head_end(struct buf *out)
{
    return buf_append(out, "\r\n", 2);
}

size_t http_chunk_line(char out[HTTP_CHUNK_LINE_SIZE], size_t n)
{
    return (size_t)snprintf(out, HTTP_CHUNK_LINE_SIZE, "%zx\r\n", n);
}

bool http_header_is_hop(const struct http_head *head, const char *name)
{
    static const char *const hop[] = {
        "Connection",        "Keep-Alive", "Proxy-Connection", "TE",     "Trailer",
        "Transfer-Encoding", "Upgrade",    "Content-Length",   "Expect",
    };
    for (size_t i = 0; i < ARRAY_SIZE(hop); i++)
        if (str_equal_nocase(name, hop[i]))
            return true;
    return http_head_has_token(head, "Connection", name);
}
