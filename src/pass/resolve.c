/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "resolver/reference.h"

/* What was found for a reference. */
struct resolve_answer {
    char *place; /* the first that has it */
    struct secret_envelopes found;
};

static void free_answer(struct resolve_answer *a)
{
    if (!a)
        return;
    secret_envelopes_deinit(&a->found);
    free(a->place);
    free(a);
}

void resolve_deinit(struct resolve *r)
{
    for (size_t i = 0; i < r->answers.len; i++)
        free_answer(r->answers.entries[i].value);
    map_deinit(&r->answers);
}

static int wrap(struct err *e, int code, const char *place)
{
    return code == ERR_NO_MEMORY ? err_no_memory(e)
                                 : err_wrap(e, code, "resolving %s", place);
}

/* ---- naming them ---- */

static int add_answer(struct resolve *r, const char *place, const char *target)
{
    struct resolve_answer *a = calloc(1, sizeof(*a));
    if (a)
        a->place = strdup(place);
    if (!a || !a->place || map_put(&r->answers, target, a, NULL)) {
        free_answer(a);
        return ERR_NO_MEMORY;
    }
    return 0;
}

static int want(struct resolve *r, const char *place, const char *target, struct err *e)
{
    if (map_get(&r->answers, target))
        return 0;
    if (r->answers.len >= RESOLVE_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d references", RESOLVE_MAX);
    return add_answer(r, place, target) ? err_no_memory(e) : 0;
}

int resolve_want(struct resolve *r, const char *place, const char *value, struct err *e)
{
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    int status = reference_parse(value, REFERENCE_PATTERN, &pattern, e);
    if (status)
        return wrap(e, status, place);
    return want(r, place, pattern.text, e);
}

int resolve_want_text(struct resolve *r, const char *place, const char *text, size_t n,
                      bool *has_any, struct err *e)
{
    struct reference found;
    *has_any = false;
    for (size_t at = 0;; at = found.end) {
        int status = reference_next(text, n, at, REFERENCE_PATTERN, &found, e);
        if (status)
            return status == ERR_NOT_FOUND ? 0 : wrap(e, status, place);
        *has_any = true;
        cleanup_free char *target = mem_dup(found.target, found.len);
        status = target ? want(r, place, target, e) : err_no_memory(e);
        if (status)
            return status;
    }
}

/* ---- asking ---- */

/* The questions in one array, the answers in another. */
struct questions {
    const char **patterns;
    struct secret_envelopes *found;
    size_t n;
};

static int fetch_all(struct resolve *r, struct questions *q, struct secrets *s,
                     struct err *e)
{
    size_t failed = 0;
    for (size_t i = 0; i < q->n; i++)
        q->patterns[i] = r->answers.entries[i].key;
    int status = s->ops->get(s, q->patterns, q->n, q->found, &failed, e);
    for (size_t i = 0; i < q->n; i++)
        ((struct resolve_answer *)r->answers.entries[i].value)->found = q->found[i];
    if (!status)
        return 0;
    const struct resolve_answer *a = r->answers.entries[failed].value;
    return wrap(e, status, a->place);
}

int resolve_fetch(struct resolve *r, struct secrets *s, struct err *e)
{
    size_t n = r->answers.len;
    if (n == 0)
        return 0;
    cleanup_free const char **patterns = calloc(n, sizeof(*patterns));
    cleanup_free struct secret_envelopes *found = calloc(n, sizeof(*found));
    struct questions q = {.patterns = patterns, .found = found, .n = n};
    return patterns && found ? fetch_all(r, &q, s, e) : err_no_memory(e);
}

/* ---- the values ---- */

/* Appends the one secret that a target of n bytes stands for. */
static int append(const struct resolve *r, const char *place, const char *target,
                  size_t n, struct buf *out, struct err *e)
{
    const struct secret_envelope *one;
    cleanup_free char *reference = str_format(REFERENCE_PREFIX "%.*s", (int)n, target);
    const struct resolve_answer *a =
        reference ? map_get(&r->answers, reference + strlen(REFERENCE_PREFIX)) : NULL;
    if (!a)
        return err_no_memory(e);
    int status = choice_make(&a->found, r->rule, place, reference, &one, e);
    if (status)
        return status;
    return buf_append(out, one->value.data, one->value.len) ? err_no_memory(e) : 0;
}

int resolve_value(const struct resolve *r, const char *place, const char *value,
                  struct buf *out, struct err *e)
{
    const char *target = value + strlen(REFERENCE_PREFIX);
    return append(r, place, target, strlen(target), out, e);
}

int resolve_text(const struct resolve *r, const char *place, const char *text, size_t n,
                 struct buf *out, struct err *e)
{
    struct reference found;
    for (size_t at = 0;; at = found.end) {
        int status = reference_next(text, n, at, REFERENCE_PATTERN, &found, e);
        size_t until = status ? n : found.start;
        if (status && status != ERR_NOT_FOUND)
            return wrap(e, status, place);
        if (buf_append(out, text + at, until - at))
            return err_no_memory(e);
        if (status)
            return 0;
        status = append(r, place, found.target, found.len, out, e);
        if (status)
            return status;
    }
}

int resolve_mask(const struct resolve *r, struct mask *mask, struct err *e)
{
    int status = 0;
    for (size_t i = 0; i < r->answers.len && !status; i++) {
        const struct resolve_answer *a = r->answers.entries[i].value;
        for (size_t j = 0; j < a->found.len && !status; j++)
            status = mask_add(mask, a->found.items[j].value.data,
                              a->found.items[j].value.len, e);
    }
    return status;
}
