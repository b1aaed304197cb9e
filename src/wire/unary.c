/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/unary.h"

void unary_init(struct unary *u, enum http_parser_type type, size_t body_max)
{
    *u = (struct unary){.body_max = body_max};
    http_reader_init(&u->reader, type);
    http_reader_next(&u->reader, false);
}

void unary_deinit(struct unary *u)
{
    http_reader_deinit(&u->reader);
    buf_deinit(&u->body);
}

void unary_next(struct unary *u)
{
    http_reader_next(&u->reader, false);
    buf_reset(&u->body);
    u->is_complete = false;
}

static int too_long(const struct unary *u, struct err *e)
{
    return err_set(e, ERR_RESOURCE_EXHAUSTED, "the body is longer than %zu bytes",
                   u->body_max);
}

static int on_event(struct unary *u, struct err *e)
{
    const struct http_reader *r = &u->reader;
    int status = r->head.status;
    switch (r->event) {
    case READER_MORE:
        return 0;
    case READER_HEAD:
        return r->body == READER_BODY_LENGTH && r->length > u->body_max ? too_long(u, e)
                                                                        : 0;
    case READER_BODY:
        if (r->len > u->body_max - u->body.len)
            return too_long(u, e);
        return buf_append(&u->body, r->data, r->len) ? err_no_memory(e) : 0;
    case READER_END:
        u->is_complete = status == 0 || status == 101 || status >= 200;
        if (!u->is_complete)
            unary_next(u);
        return 0;
    }
    return 0;
}

int unary_feed(struct unary *u, const char *data, size_t n, size_t *used, struct err *e)
{
    int r = 0;
    for (*used = 0; *used < n && !u->is_complete && !r;) {
        size_t piece = 0;
        r = http_reader_feed(&u->reader, data + *used, n - *used, &piece, e);
        *used += piece;
        if (!r)
            r = on_event(u, e);
    }
    return r;
}

int unary_eof(struct unary *u, struct err *e)
{
    if (u->is_complete)
        return 0;
    if (!u->reader.is_started)
        return err_set(e, ERR_UNAVAILABLE, "the connection was closed");
    int r = http_reader_eof(&u->reader, e);
    return r ? r : on_event(u, e);
}
