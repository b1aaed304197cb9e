/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include "base/mem.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct reader {
    const char *s;
    size_t n, at;
};

static int corrupt(size_t at, struct err *e)
{
    return err_set(e, ERR_INVALID_ARGUMENT, "illegal base64 data at input byte %zu", at);
}

static void skip_line_ends(struct reader *r)
{
    while (r->at < r->n && (r->s[r->at] == '\n' || r->s[r->at] == '\r'))
        r->at++;
}

/* The padding that stands after `have` digits of a group, its first '=' read already, and
 * nothing behind it. */
static int read_padding(struct reader *r, size_t have, struct err *e)
{
    if (have < 2)
        return corrupt(r->at - 1, e);
    if (have == 2) {
        skip_line_ends(r);
        if (r->at == r->n)
            return corrupt(r->n, e);
        if (r->s[r->at] != '=')
            return corrupt(r->at, e);
        r->at++;
    }
    skip_line_ends(r);
    return r->at < r->n ? corrupt(r->at, e) : 0;
}

/* Reads up to four digits. *have is their number: fewer than four at the end only. */
static int read_group(struct reader *r, uint32_t *bits, size_t *have, struct err *e)
{
    *bits = 0;
    for (*have = 0; *have < 4; (*have)++) {
        skip_line_ends(r);
        if (r->at == r->n)
            return *have == 0 ? 0 : corrupt(r->at - *have, e);
        char c = r->s[r->at++];
        if (c == '=')
            return read_padding(r, *have, e);
        int digit = digit_of(c);
        if (digit < 0)
            return corrupt(r->at - 1, e);
        *bits = *bits << 6 | (uint32_t)digit;
    }
    return 0;
}

static int decode(struct reader *r, uint8_t *out, size_t *len, struct err *e)
{
    while (r->at < r->n) {
        uint32_t bits;
        size_t have;
        int code = read_group(r, &bits, &have, e);
        if (code)
            return code;
        bits <<= 6 * (4 - have);
        for (size_t i = 0; i + 1 < have; i++)
            out[(*len)++] = (uint8_t)(bits >> (16 - 8 * i));
    }
    return 0;
}

int base64_decode(const char *s, size_t n, uint8_t **out, size_t *len, struct err *e)
{
    struct reader r = {s, n, 0};
    size_t written = 0;
    cleanup_wipe_free uint8_t *bytes = malloc(n / 4 * 3 + 3);
    if (!bytes)
        return err_no_memory(e);
    int code = decode(&r, bytes, &written, e);
    if (code)
        return code;
    *len = written;
    *out = written ? TAKE(bytes) : NULL;
    return 0;
}

int base64_encode(struct buf *out, const void *data, size_t n)
{
    const uint8_t *p = data;
    int r = buf_reserve(out, (n + 2) / 3 * 4);
    for (size_t i = 0; i < n && !r; i += 3) {
        uint32_t bits = (uint32_t)p[i] << 16;
        bits |= i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0;
        bits |= i + 2 < n ? p[i + 2] : 0;
        char group[4] = {alphabet[bits >> 18], alphabet[bits >> 12 & 63],
                         i + 1 < n ? alphabet[bits >> 6 & 63] : '=',
                         i + 2 < n ? alphabet[bits & 63] : '='};
        r = buf_append(out, group, sizeof(group));
    }
    return r;
}
