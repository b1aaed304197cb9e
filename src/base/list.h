/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/macro.h"

/*
 * A doubly linked ring, embedded in its elements. `struct list` is both the head and the
 * link; a link that is in no list points to itself after list_init() and list_remove(),
 * so removing twice does no harm.
 */
struct list {
    struct list *next, *prev;
};

#define LIST_INIT(name)                                                                  \
    {                                                                                    \
        &(name), &(name)                                                                 \
    }

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_append(struct list *head, struct list *l)
{
    l->prev = head->prev;
    l->next = head;
    head->prev->next = l;
    head->prev = l;
}

static inline void list_remove(struct list *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    list_init(l);
}

/* Moves all links of `from` to the end of `head`. */
static inline void list_splice(struct list *head, struct list *from)
{
    if (list_is_empty(from))
        return;
    from->next->prev = head->prev;
    head->prev->next = from->next;
    from->prev->next = head;
    head->prev = from->prev;
    list_init(from);
}

/* Walks the links of a list; the one at hand may be removed meanwhile, others may not. */
#define LIST_FOR_EACH(link, head)                                                        \
    for (struct list *link = (head)->next, *link##_next = link->next; link != (head);    \
         link = link##_next, link##_next = link->next)

/* The element that the first link of the list belongs to. The list isn't empty. */
#define LIST_FIRST(head, type, member) CONTAINER_OF((head)->next, type, member)
