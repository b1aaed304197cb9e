/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds bytes to a reader of answers, cut at places the input chooses, up to the end of
 * the connection. What a head says about its body must fit what comes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wire/http_reader.h"

struct state {
    struct http_reader reader;
    bool is_head_request;
    bool is_open; /* between a head and its end */
    uint64_t body;
};

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check(struct state *s)
{
    struct http_reader *r = &s->reader;
    if (r->event == READER_HEAD) {
        must(!s->is_open && r->head.status >= 100 && r->head.minor <= 1);
        must(!s->is_head_request || r->body == READER_BODY_NONE);
        s->is_open = true;
        s->body = 0;
    } else if (r->event == READER_BODY) {
        must(s->is_open && r->len > 0 && r->body != READER_BODY_NONE);
        s->body += r->len;
    } else if (r->event == READER_END) {
        must(s->is_open);
        must(r->body != READER_BODY_LENGTH || s->body == r->length);
        s->is_open = false;
    }
    if (r->event == READER_END)
        http_reader_next(r, s->is_head_request);
}

static int read_piece(struct state *s, const uint8_t *data, size_t n)
{
    int code = 0;
    char *piece = mem_dup(data, n);
    must(piece);
    for (size_t done = 0; done < n && !code;) {
        size_t used = 0;
        code = http_reader_feed(&s->reader, piece + done, n - done, &used, NULL);
        must(code || used <= n - done);
        done += used;
        if (!code)
            check(s);
    }
    free(piece);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct state s = {0};
    int code = 0;
    if (size < 2)
        return 0;
    size_t step = data[0] % 64 + 1;
    s.is_head_request = data[0] & 0x80;
    http_reader_init(&s.reader, HTTP_RESPONSE);
    http_reader_next(&s.reader, s.is_head_request);
    for (size_t at = 1; at < size && !code; at += step)
        code = read_piece(&s, data + at, size - at < step ? size - at : step);
    if (!code && !http_reader_eof(&s.reader, NULL))
        check(&s);
    http_reader_deinit(&s.reader);
    return 0;
}
