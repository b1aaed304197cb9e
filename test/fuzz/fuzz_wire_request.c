/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds bytes to a request reader, once whole and once cut at places the input chooses:
 * both must tell the same or refuse it (for a reason of their own), and each head must
 * have a URL that parses or is refused.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "wire/http_reader.h"

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_head(const struct http_head *head, struct buf *told)
{
    struct http_url url = {0};
    int r = http_url_parse(&url, head->target, NULL);
    must(r == 0 || r == ERR_INVALID_ARGUMENT || r == ERR_RESOURCE_EXHAUSTED);
    if (!r)
        must(*url.path == '/' || strcmp(url.path, "*") == 0);
    must(!buf_printf(told, "%s %s %d:", head->method, head->target, r));
    for (size_t i = 0; i < head->n_headers; i++)
        must(!buf_printf(told, "%s=%s,", head->headers[i].name, head->headers[i].value));
    http_url_deinit(&url);
}

static void tell(struct http_reader *r, struct buf *told)
{
    if (r->event == READER_HEAD)
        check_head(&r->head, told);
    else if (r->event == READER_BODY)
        must(!buf_append(told, r->data, r->len));
    else if (r->event == READER_END)
        must(!buf_append_str(told, ";END;"));
    if (r->event == READER_END)
        http_reader_next(r, false);
}

/* Each piece in a block of its own, so that a read behind it shows. */
static int read_piece(struct http_reader *r, const uint8_t *data, size_t n,
                      struct buf *told)
{
    int code = 0;
    char *piece = mem_dup(data, n);
    must(piece);
    for (size_t done = 0; done < n && !code;) {
        size_t used = 0;
        code = http_reader_feed(r, piece + done, n - done, &used, NULL);
        must(code || used <= n - done);
        done += used;
        if (!code)
            tell(r, told);
    }
    free(piece);
    return code;
}

static int read_all(const uint8_t *data, size_t size, size_t step, struct buf *told)
{
    struct http_reader r;
    int code = 0;
    http_reader_init(&r, HTTP_REQUEST);
    http_reader_next(&r, false);
    for (size_t at = 0; at < size && !code; at += step)
        code = read_piece(&r, data + at, size - at < step ? size - at : step, told);
    http_reader_deinit(&r);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = BUF_INIT, cut = BUF_INIT;
    if (size < 2)
        return 0;
    size_t step = data[0] % 16 + 1;
    int a = read_all(data + 1, size - 1, size, &whole);
    int b = read_all(data + 1, size - 1, step, &cut);
    must(!a == !b);
    if (!a)
        must(whole.len == cut.len &&
             (!whole.len || memcmp(whole.data, cut.data, whole.len) == 0));
    buf_deinit(&whole);
    buf_deinit(&cut);
    return 0;
}
