/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two patterns, with a line end between. What is said of them must fit together, and must
 * fit the ids that can be made from the second by filling in its wildcards.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "resolver/pattern.h"

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* Writes an id that q names: each gap becomes `filler` (maybe nothing), each star "z". */
static bool make_id(const struct pattern *q, const char *filler, struct buf *out)
{
    buf_reset(out);
    for (size_t i = 0; i < q->n; i++) {
        const struct component *c = &q->parts[i];
        size_t before = out->len;
        if (before)
            must(!buf_append_char(out, '/'));
        size_t start = out->len;
        if (c->kind == COMPONENT_GAP)
            must(!buf_append_str(out, filler));
        else if (c->kind == COMPONENT_ONE)
            must(!buf_append_char(out, 'z'));
        else
            must(!buf_append(out, q->text + c->start, c->len));
        if (out->len == start && before)
            out->data[out->len = before] = '\0';
    }
    return secret_id_is_valid(buf_str(out));
}

static void check_ids(const struct pattern *p, const struct pattern *q)
{
    static const char *const fillers[] = {"", "z", "a", "z/z", "a/b/z"};
    struct buf id = BUF_INIT;
    bool includes = pattern_includes(p, q), intersects = pattern_intersects(p, q);
    for (size_t i = 0; i < 5; i++) {
        if (!make_id(q, fillers[i], &id))
            continue;
        must(pattern_match(q, buf_str(&id)));
        bool matches = pattern_match(p, buf_str(&id));
        must(!includes || matches);
        must(!matches || intersects);
    }
    buf_deinit(&id);
}

static void check_pair(const struct pattern *p, const struct pattern *q)
{
    bool includes = pattern_includes(p, q), intersects = pattern_intersects(p, q);
    must(intersects == pattern_intersects(q, p));
    must(!includes || intersects);
    must((pattern_narrow(p, q) != NULL) == intersects);
    if (pattern_is_id(q)) {
        must(includes == pattern_match(p, q->text));
        must(includes == intersects);
    }
    check_ids(p, q);
}

static void check_one(const struct pattern *p)
{
    struct pattern copy = PATTERN_INIT;
    must(pattern_includes(p, p));
    must(pattern_is_id(p) == secret_id_is_valid(p->text));
    must(!pattern_parse(&copy, p->text, strlen(p->text), NULL));
    must(pattern_is_equal(p, &copy) && copy.n == p->n);
    pattern_deinit(&copy);
}

static int read_pattern(const char *text, size_t n, struct pattern *out)
{
    struct err e = {0};
    int r = pattern_parse(out, text, n, &e);
    must(!r || ((r == ERR_INVALID_ARGUMENT || r == ERR_RESOURCE_EXHAUSTED) && *e.text));
    must(secret_id_check(text, n, NULL) || !r);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pattern p = PATTERN_INIT, q = PATTERN_INIT;
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    if (!end)
        return 0;
    size_t n = (size_t)(end - data);
    int a = read_pattern((const char *)data, n, &p);
    int b = read_pattern((const char *)end + 1, size - n - 1, &q);
    if (!a && !b) {
        check_one(&p);
        check_pair(&p, &q);
        check_pair(&q, &p);
    }
    pattern_deinit(&p);
    pattern_deinit(&q);
    return 0;
}
