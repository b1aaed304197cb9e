/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text with references. Each one found lies in the text behind the one before, begins
 * and ends as the rules say, and names something valid; a text that is nothing but a
 * reference is the same for both ways of reading.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "resolver/reference.h"

static void must(bool ok)
{
    if (!ok)
        abort();
}

static bool has_prefix_at(const char *text, const struct reference *ref)
{
    size_t n = strlen(REFERENCE_PREFIX);
    return memcmp(ref->target - n, REFERENCE_PREFIX, n) == 0 &&
           (size_t)(ref->target - text) >= ref->start + n;
}

static void check(const char *text, size_t n, size_t from, enum reference_kind kind,
                  const struct reference *ref)
{
    struct pattern p = PATTERN_INIT;
    size_t target_end = (size_t)(ref->target - text) + ref->len;
    must(ref->start >= from && ref->start < ref->end && ref->end <= n);
    must(has_prefix_at(text, ref) && target_end <= ref->end);
    if (text[ref->start] == '{')
        must(memcmp(text + ref->start, "{{", 2) == 0 &&
             memcmp(text + ref->end - 2, "}}", 2) == 0);
    else
        must(target_end == ref->end);
    must(!pattern_parse(&p, ref->target, ref->len, NULL));
    must(kind == REFERENCE_PATTERN || pattern_is_id(&p));
    pattern_deinit(&p);
}

static void walk(const char *text, size_t n, enum reference_kind kind)
{
    struct reference ref;
    struct err e = {0};
    int r;
    for (size_t from = 0; !(r = reference_next(text, n, from, kind, &ref, &e));
         from = ref.end)
        check(text, n, from, kind, &ref);
    must(r == ERR_NOT_FOUND ? !e.code : e.code == r && *e.text);
}

static void check_whole(const char *text, size_t n, enum reference_kind kind)
{
    struct pattern p = PATTERN_INIT;
    struct reference ref;
    if (reference_parse(text, kind, &p, NULL))
        return;
    must(!reference_next(text, n, 0, kind, &ref, NULL));
    must(ref.start == 0 && ref.end == n && strcmp(p.text, ref.target) == 0);
    pattern_deinit(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *exact = malloc(size ? size : 1);
    char *text = mem_dup(data, size);
    must(exact && text);
    if (size)
        memcpy(exact, data, size);
    walk(exact, size, REFERENCE_ID);
    walk(exact, size, REFERENCE_PATTERN);
    if (!memchr(text, '\0', size)) {
        check_whole(text, size, REFERENCE_ID);
        check_whole(text, size, REFERENCE_PATTERN);
    }
    free(exact);
    free(text);
    return 0;
}
