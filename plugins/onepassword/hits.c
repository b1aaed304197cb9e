/* SPDX-License-Identifier: Apache-2.0 */
#include "onepassword/hits.h"

#include <stdlib.h>

#include "base/str.h"

void hits_deinit(struct hits *h)
{
    for (size_t i = 0; i < h->len; i++)
        secret_envelope_deinit(&h->items[i].envelope);
    free(h->items);
    *h = (struct hits){0};
}

static struct hit *find(struct hits *h, const char *id)
{
    for (size_t i = 0; i < h->len; i++)
        if (str_equal(h->items[i].envelope.id, id))
            return &h->items[i];
    return NULL;
}

static int grow(struct hits *h, struct err *e)
{
    if (h->len == SECRET_ENVELOPES_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d secrets; narrow it",
                       SECRET_ENVELOPES_MAX);
    if (h->len < h->cap)
        return 0;
    size_t cap = h->cap ? 2 * h->cap : 8;
    struct hit *items = reallocarray(h->items, cap, sizeof(*items));
    if (!items)
        return err_no_memory(e);
    h->items = items;
    h->cap = cap;
    return 0;
}

static void replace(struct hit *hit, struct secret_envelope *envelope, unsigned rank)
{
    secret_envelope_deinit(&hit->envelope);
    *hit = (struct hit){.envelope = *envelope, .rank = rank};
    *envelope = (struct secret_envelope){0};
}

int hits_put(struct hits *h, struct secret_envelope *envelope, unsigned rank,
             struct err *e)
{
    struct hit *there = find(h, envelope->id);
    h->bytes += envelope->value.len;
    int r = h->bytes > HITS_BYTES_MAX
                ? err_set(e, ERR_RESOURCE_EXHAUSTED, "values of more than %zu bytes",
                          HITS_BYTES_MAX)
                : 0;
    if (!r && !there)
        r = grow(h, e);
    if (!r && !there) {
        h->items[h->len] = (struct hit){.rank = rank};
        there = &h->items[h->len++];
        replace(there, envelope, rank);
    } else if (!r && rank < there->rank) {
        replace(there, envelope, rank);
    } else if (!r && rank == there->rank) {
        there->is_ambiguous = true;
    }
    secret_envelope_deinit(envelope);
    return r;
}

int hits_move(struct hits *h, struct secret_envelopes *out, struct err *e)
{
    int r = 0;
    for (size_t i = 0; !r && i < h->len; i++)
        if (!h->items[i].is_ambiguous)
            r = secret_envelopes_append(out, &h->items[i].envelope, e);
    return r;
}
