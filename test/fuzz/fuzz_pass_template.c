/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A template of `inject`, with secrets that are there for each pattern. What is written
 * is the text with its references replaced: between them nothing changes, and a text
 * without any is the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "pass/resolve.h"
#include "resolver/reference.h"

#define VALUE "\x01value\x01"
#define SIZE_MAX_TEXT ((size_t)16 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static int get(struct secrets *s, const char *const *patterns, size_t n,
               struct secret_envelopes *out, size_t *failed, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        cleanup_secret_envelope struct secret_envelope one = {0};
        must(!secret_envelope_set_id(&one, "a", e));
        must(!secret_envelope_set_value(&one, VALUE, strlen(VALUE), e));
        must(!secret_envelopes_append(&out[i], &one, e));
    }
    return 0;
}

/* The same, written plainly. */
static void replace(const char *text, size_t n, struct buf *out)
{
    struct reference found;
    size_t at = 0;
    for (; !reference_next(text, n, at, REFERENCE_PATTERN, &found, NULL); at = found.end)
        must(!buf_append(out, text + at, found.start - at) &&
             !buf_append_str(out, VALUE));
    must(!buf_append(out, text + at, n - at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct secrets_ops ops = {.get = get};
    struct secrets secrets = {.ops = &ops};
    cleanup_resolve struct resolve resolve = {.rule = CHOICE_FIRST};
    cleanup_buf struct buf out = BUF_INIT, wanted = BUF_INIT;
    cleanup_free char *text = mem_dup(n ? (const char *)data : "", n);
    struct err e = {0};
    bool has_any;
    must(text != NULL);
    if (n > SIZE_MAX_TEXT)
        return 0;
    int r = resolve_want_text(&resolve, "template", text, n, &has_any, &e);
    if (!r)
        r = resolve_fetch(&resolve, &secrets, &e);
    if (!r)
        r = resolve_text(&resolve, "template", text, n, &out, &e);
    must(!r || (e.code == r && e.text[0]));
    if (r)
        return 0;
    replace(text, n, &wanted);
    must(out.len == wanted.len && !memcmp(buf_str(&out), buf_str(&wanted), out.len));
    must(has_any || out.len == n);
    return 0;
}
