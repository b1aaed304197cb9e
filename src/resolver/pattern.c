/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/pattern.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "resolver/quote.h"

static int refuse(enum component_fault fault, const char *text, size_t n, size_t at,
                  struct err *e)
{
    static const char *const reasons[] = {
        [COMPONENT_EMPTY] = "a component is empty",
        [COMPONENT_BAD_CHAR] = "only A-Z a-z 0-9 . _ - : may stand between slashes",
        [COMPONENT_BAD_WILDCARD] = "a component with a star must be \"*\" or \"**\"",
        [COMPONENT_TOO_LONG] = "it is too long",
        [COMPONENT_TOO_MANY] = "it has too many components",
    };
    char quoted[QUOTE_SIZE];
    quote(quoted, text, n);
    if (fault == COMPONENT_TOO_LONG || fault == COMPONENT_TOO_MANY)
        return err_set(
            e, ERR_RESOURCE_EXHAUSTED,
            "invalid pattern %s: %s (supported are %d bytes and %d components)", quoted,
            reasons[fault], SECRET_ID_MAX, SECRET_ID_COMPONENTS_MAX);
    return err_set(e, ERR_INVALID_ARGUMENT, "invalid pattern %s: %s (at byte %zu)",
                   quoted, reasons[fault], at + 1);
}

/* Components and text in one block, the components first: they must be aligned. */
static int fill(struct pattern *out, const char *text, size_t len,
                const struct component *parts, size_t n, struct err *e)
{
    size_t size = n * sizeof(*parts);
    char *block = malloc(size + len + 1);
    if (!block)
        return err_no_memory(e);
    memcpy(block, parts, size);
    memcpy(block + size, text, len);
    block[size + len] = '\0';
    *out = (struct pattern){
        .text = block + size,
        .parts = (struct component *)(void *)block,
        .n = n,
    };
    return 0;
}

int pattern_parse(struct pattern *out, const char *text, size_t n, struct err *e)
{
    struct component parts[SECRET_ID_COMPONENTS_MAX];
    size_t count, at;
    enum component_fault fault = component_split(text, n, parts, &count, &at);
    if (fault)
        return refuse(fault, text, n, at, e);
    return fill(out, text, n, parts, count, e);
}

int pattern_copy(struct pattern *out, const struct pattern *p, struct err *e)
{
    return fill(out, p->text, strlen(p->text), p->parts, p->n, e);
}

void pattern_deinit(struct pattern *p)
{
    free(p->parts);
    *p = (struct pattern)PATTERN_INIT;
}

bool pattern_is_equal(const struct pattern *a, const struct pattern *b)
{
    return str_equal(a->text, b->text);
}

bool pattern_is_id(const struct pattern *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->parts[i].kind != COMPONENT_LITERAL)
            return false;
    return true;
}

static int find_gap(const struct pattern *p, size_t *gap, struct err *e)
{
    size_t found = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (p->parts[i].kind == COMPONENT_GAP) {
            *gap = i;
            found++;
        }
    }
    if (found == 1)
        return 0;
    return err_set(
        e, ERR_INVALID_ARGUMENT,
        "pattern \"%.100s\" has %zu components \"**\", just one can be filled in",
        p->text, found);
}

int pattern_expand(const struct pattern *p, const struct pattern *with,
                   struct pattern *out, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    size_t gap = 0;
    int r = find_gap(p, &gap, e);
    if (r)
        return r;
    size_t start = p->parts[gap].start;
    if (buf_append(&text, p->text, start) || buf_append_str(&text, with->text) ||
        buf_append_str(&text, p->text + start + p->parts[gap].len))
        return err_no_memory(e);
    return pattern_parse(out, text.data, text.len, e);
}
