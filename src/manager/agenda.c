/* SPDX-License-Identifier: Apache-2.0 */
#include "manager/agenda.h"

#include <stdlib.h>

#include "base/err.h"

void agenda_deinit(struct agenda *a)
{
    for (size_t i = 0; i < a->len; i++)
        a->items[i]->place = 0;
    free(a->items);
    *a = (struct agenda){0};
}

static void put(struct agenda *a, size_t i, struct agenda_item *item)
{
    a->items[i] = item;
    item->place = i + 1;
}

static size_t sift_up(struct agenda *a, size_t i)
{
    struct agenda_item *item = a->items[i];
    while (i > 0 && a->items[(i - 1) / 2]->at > item->at) {
        put(a, i, a->items[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(a, i, item);
    return i;
}

static void sift_down(struct agenda *a, size_t i)
{
    struct agenda_item *item = a->items[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= a->len)
            break;
        if (child + 1 < a->len && a->items[child + 1]->at < a->items[child]->at)
            child++;
        if (a->items[child]->at >= item->at)
            break;
        put(a, i, a->items[child]);
        i = child;
    }
    put(a, i, item);
}

static int grow(struct agenda *a)
{
    if (a->len < a->cap)
        return 0;
    size_t cap = a->cap ? 2 * a->cap : 16;
    struct agenda_item **items =
        reallocarray(a->items, cap, sizeof(struct agenda_item *));
    if (!items)
        return ERR_NO_MEMORY;
    a->items = items;
    a->cap = cap;
    return 0;
}

int agenda_set(struct agenda *a, struct agenda_item *item, int64_t at)
{
    if (at == CLOCK_NEVER) {
        agenda_remove(a, item);
        return 0;
    }
    if (!item->place) {
        if (grow(a))
            return ERR_NO_MEMORY;
        put(a, a->len++, item);
    }
    item->at = at;
    sift_down(a, sift_up(a, item->place - 1));
    return 0;
}

void agenda_remove(struct agenda *a, struct agenda_item *item)
{
    if (!item->place)
        return;
    size_t i = item->place - 1;
    item->place = 0;
    struct agenda_item *last = a->items[--a->len];
    if (last == item)
        return;
    put(a, i, last);
    sift_down(a, sift_up(a, i));
}

int64_t agenda_next(const struct agenda *a)
{
    return a->len ? a->items[0]->at : CLOCK_NEVER;
}

struct agenda_item *agenda_take_due(struct agenda *a, int64_t now)
{
    if (!a->len || a->items[0]->at > now)
        return NULL;
    struct agenda_item *item = a->items[0];
    agenda_remove(a, item);
    return item;
}
