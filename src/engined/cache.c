/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/str.h"

struct entry {
    struct list link;
    char *key;
    struct secret_envelopes found;
    size_t bytes;
    int64_t until; /* monotonic; the real clock may put an end to it sooner */
};

void cache_init(struct cache *c, int64_t time)
{
    *c = (struct cache){.time = time};
    list_init(&c->entries);
}

static void entry_free(struct entry *entry)
{
    secret_envelopes_deinit(&entry->found);
    free(entry->key);
    free(entry);
}

static void drop(struct cache *c, struct entry *entry)
{
    list_remove(&entry->link);
    c->n--;
    c->bytes -= entry->bytes;
    entry_free(entry);
}

void cache_clear(struct cache *c)
{
    while (!list_is_empty(&c->entries))
        drop(c, LIST_FIRST(&c->entries, struct entry, link));
}

/* About what it takes. */
static size_t size_of(const struct secret_envelopes *found)
{
    size_t n = found->len * sizeof(struct secret_envelope);
    for (size_t i = 0; i < found->len; i++) {
        const struct secret_envelope *one = &found->items[i];
        n += one->value.len + strlen(one->id);
        for (size_t k = 0; k < one->n_metadata; k++)
            n += sizeof(struct secret_metadata) + strlen(one->metadata[k].key) +
                 strlen(one->metadata[k].value);
    }
    return n;
}

static int copy(const struct secret_envelopes *from, struct secret_envelopes *out)
{
    int r = 0;
    for (size_t i = 0; i < from->len && !r; i++) {
        cleanup_secret_envelope struct secret_envelope one = {0};
        r = secret_envelope_copy(&from->items[i], &one, NULL);
        if (!r)
            r = secret_envelopes_append(out, &one, NULL);
    }
    return r;
}

static struct entry *entry_new(const char *key, const struct secret_envelopes *found)
{
    struct entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return NULL;
    list_init(&entry->link);
    entry->key = strdup(key);
    entry->bytes = size_of(found);
    if (entry->key && copy(found, &entry->found) == 0)
        return entry;
    entry_free(entry);
    return NULL;
}

static bool is_expired(const struct secret_envelopes *found, int64_t real)
{
    for (size_t i = 0; i < found->len; i++)
        if (secret_time_has_come(&found->items[i].expires_at, real))
            return true;
    return false;
}

/* How long until then; INT64_MAX: longer than can be said, or for ever. */
static int64_t time_to(const struct secret_time *t, int64_t real)
{
    struct secret_time now = secret_time_from_clock(real);
    int64_t d;
    if (!t->is_set ||
        __builtin_mul_overflow(t->seconds - now.seconds, CLOCK_SECOND, &d) ||
        __builtin_add_overflow(d, t->nanos - now.nanos, &d))
        return INT64_MAX;
    return d;
}

static int64_t time_of(const struct cache *c, const struct secret_envelopes *found,
                       int64_t real)
{
    int64_t time = c->time;
    for (size_t i = 0; i < found->len; i++) {
        int64_t left = time_to(&found->items[i].expires_at, real);
        time = left < time ? left : time;
    }
    return time;
}

static struct entry *find(const struct cache *c, const char *key)
{
    LIST_FOR_EACH (link, &c->entries) {
        struct entry *entry = CONTAINER_OF(link, struct entry, link);
        if (str_equal(entry->key, key))
            return entry;
    }
    return NULL;
}

void cache_put(struct cache *c, const char *key, const struct secret_envelopes *found,
               int64_t real, int64_t monotonic)
{
    if (!c->time || is_expired(found, real) || size_of(found) > CACHE_BYTES_MAX)
        return;
    struct entry *old = find(c, key);
    struct entry *entry = entry_new(key, found);
    if (old)
        drop(c, old);
    if (!entry)
        return;
    while (c->n == CACHE_ENTRIES_MAX || c->bytes + entry->bytes > CACHE_BYTES_MAX)
        drop(c, LIST_FIRST(&c->entries, struct entry, link));
    entry->until = clock_after(monotonic, time_of(c, found, real));
    list_append(&c->entries, &entry->link);
    c->n++;
    c->bytes += entry->bytes;
}

static bool is_over(const struct entry *entry, int64_t real, int64_t monotonic)
{
    return monotonic >= entry->until || is_expired(&entry->found, real);
}

int64_t cache_expire(struct cache *c, int64_t real, int64_t monotonic)
{
    int64_t next = CLOCK_NEVER;
    for (struct list *link = c->entries.next, *after; link != &c->entries; link = after) {
        struct entry *entry = CONTAINER_OF(link, struct entry, link);
        after = link->next;
        if (is_over(entry, real, monotonic))
            drop(c, entry);
        else if (entry->until < next)
            next = entry->until;
    }
    return next;
}

const struct secret_envelopes *cache_get(struct cache *c, const char *key, int64_t real,
                                         int64_t monotonic)
{
    struct entry *entry = find(c, key);
    if (!entry)
        return NULL;
    if (!is_over(entry, real, monotonic))
        return &entry->found;
    drop(c, entry);
    return NULL;
}
