/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two patterns, or a pattern and an id, have to do with each other.
 *
 * Inclusion and intersection are tables over (what is left of p, what is left of q),
 * filled from the ends, of which only two rows are kept.
 */
#include <string.h>

#include "resolver/pattern.h"

/* A sequence of components, with the text they lie in. */
struct sequence {
    const char *text;
    const struct component *parts;
    size_t n;
};

/* One more: canonical() may add one. And what is left may be nothing. */
#define SEQUENCE_MAX (SECRET_ID_COMPONENTS_MAX + 1)
#define ROW_SIZE (SEQUENCE_MAX + 1)

static struct sequence sequence_of(const struct pattern *p)
{
    return (struct sequence){p->text, p->parts, p->n};
}

static enum component_kind kind_at(const struct sequence *s, size_t i)
{
    return s->parts[i].kind;
}

static bool is_same_literal(const struct sequence *p, size_t i, const struct sequence *q,
                            size_t j)
{
    const struct component *a = &p->parts[i], *b = &q->parts[j];
    return a->len == b->len &&
           memcmp(p->text + a->start, q->text + b->start, a->len) == 0;
}

/*
 * Goes along both; a gap first takes nothing. Where it doesn't fit, the last gap seen
 * takes one component more: what came before that gap need never be tried again, so the
 * time is at most the product of both lengths.
 */
static bool match_sequence(const struct sequence *p, const struct sequence *id)
{
    size_t i = 0, j = 0, after_gap = 0, taken = 0;
    while (j < id->n) {
        if (i < p->n && kind_at(p, i) == COMPONENT_GAP) {
            after_gap = ++i;
            taken = j;
        } else if (i < p->n &&
                   (kind_at(p, i) == COMPONENT_ONE || is_same_literal(p, i, id, j))) {
            i++;
            j++;
        } else if (after_gap) {
            i = after_gap;
            j = ++taken;
        } else {
            return false;
        }
    }
    while (i < p->n && kind_at(p, i) == COMPONENT_GAP)
        i++;
    return i == p->n;
}

bool pattern_match(const struct pattern *p, const char *id)
{
    struct component parts[SECRET_ID_COMPONENTS_MAX];
    size_t n, at;
    if (component_split(id, strlen(id), parts, &n, &at))
        return false;
    for (size_t i = 0; i < n; i++)
        if (parts[i].kind != COMPONENT_LITERAL)
            return false;
    struct sequence own = sequence_of(p), wanted = {id, parts, n};
    return match_sequence(&own, &wanted);
}

/*
 * The one spelling of a set: in each run of wildcards the stars come first, then at most
 * one gap; and what is only a gap is a star and a gap, since no id is empty. Without it
 * the table below would have to look behind runs.
 */
static struct sequence canonical(const struct pattern *p, struct component *out)
{
    const struct component gap = {.kind = COMPONENT_GAP};
    bool has_gap = false;
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (p->parts[i].kind == COMPONENT_LITERAL && has_gap) {
            out[n++] = gap;
            has_gap = false;
        }
        if (p->parts[i].kind == COMPONENT_GAP)
            has_gap = true;
        else
            out[n++] = p->parts[i];
    }
    if (has_gap && !n)
        out[n++] = (struct component){.kind = COMPONENT_ONE};
    if (has_gap)
        out[n++] = gap;
    return (struct sequence){p->text, out, n};
}

/*
 * Does p from i include q from j? `below` is the row of i + 1, `row` the one of i, known
 * behind j.
 *
 * A gap of p is left, or takes what comes first in q, even a gap. A gap of q means "none"
 * or "one more": a star of p must take both, a literal can't. Some component is in no
 * pattern, so a literal doesn't take a star either.
 */
static bool include_step(const struct sequence *p, size_t i, const struct sequence *q,
                         size_t j, const bool *row, const bool *below)
{
    if (kind_at(p, i) == COMPONENT_GAP)
        return below[j] || (j < q->n && row[j + 1]);
    if (j == q->n)
        return false;
    bool is_star = kind_at(p, i) == COMPONENT_ONE;
    if (kind_at(q, j) == COMPONENT_GAP)
        return is_star && row[j + 1] && below[j];
    if (kind_at(q, j) == COMPONENT_ONE)
        return is_star && below[j + 1];
    return (is_star || is_same_literal(p, i, q, j)) && below[j + 1];
}

bool pattern_includes(const struct pattern *p, const struct pattern *q)
{
    struct component p_parts[SEQUENCE_MAX], q_parts[SEQUENCE_MAX];
    struct sequence a = canonical(p, p_parts), b = canonical(q, q_parts);
    bool rows[2][ROW_SIZE] = {{false}};
    bool *row = rows[0], *below = rows[1];
    row[b.n] = true;
    for (size_t i = a.n; i-- > 0;) {
        bool *last = below;
        below = row;
        row = last;
        for (size_t j = b.n + 1; j-- > 0;)
            row[j] = include_step(&a, i, &b, j, row, below);
    }
    return row[0];
}

/* Is there something that both p from i and q from j name? A gap is left, or takes a
 * component of the other, even a gap. */
static bool intersect_step(const struct sequence *p, size_t i, const struct sequence *q,
                           size_t j, const bool *row, const bool *below)
{
    bool p_is_gap = kind_at(p, i) == COMPONENT_GAP;
    if (j == q->n)
        return p_is_gap && below[j];
    if (p_is_gap || kind_at(q, j) == COMPONENT_GAP)
        return below[j] || row[j + 1];
    bool is_same = kind_at(p, i) == COMPONENT_ONE || kind_at(q, j) == COMPONENT_ONE ||
                   is_same_literal(p, i, q, j);
    return is_same && below[j + 1];
}

/* The row where nothing is left of p: what is left of q must be gaps. */
static void fill_last_row(const struct sequence *q, bool *row)
{
    row[q->n] = true;
    for (size_t j = q->n; j-- > 0;)
        row[j] = row[j + 1] && kind_at(q, j) == COMPONENT_GAP;
}

bool pattern_intersects(const struct pattern *p, const struct pattern *q)
{
    struct sequence a = sequence_of(p), b = sequence_of(q);
    bool rows[2][ROW_SIZE] = {{false}};
    bool *row = rows[0], *below = rows[1];
    fill_last_row(&b, row);
    for (size_t i = a.n; i-- > 0;) {
        bool *last = below;
        below = row;
        row = last;
        for (size_t j = b.n + 1; j-- > 0;)
            row[j] = intersect_step(&a, i, &b, j, row, below);
    }
    return row[0];
}

const struct pattern *pattern_narrow(const struct pattern *own,
                                     const struct pattern *request)
{
    if (pattern_includes(own, request))
        return request;
    if (pattern_includes(request, own))
        return own;
    return pattern_intersects(own, request) ? request : NULL;
}
