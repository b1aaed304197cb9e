/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macro.h"

/*
 * What has to be done at which time: a heap of deadlines. An item is embedded in what it
 * is about; a zeroed one is in no agenda.
 */
struct agenda_item {
    int64_t at;
    size_t place; /* its index in the heap plus one; 0 when it isn't there */
};

struct agenda {
    struct agenda_item **items;
    size_t len, cap;
};

/* Frees the agenda, not its items. */
void agenda_deinit(struct agenda *a);

/* Puts an item at a time, wherever it was before; CLOCK_NEVER takes it out.
 * ERR_NO_MEMORY. */
int agenda_set(struct agenda *a, struct agenda_item *item, int64_t at) MUST_CHECK;
void agenda_remove(struct agenda *a, struct agenda_item *item);

/* The earliest time in it, or CLOCK_NEVER. */
int64_t agenda_next(const struct agenda *a);

/* Takes out the earliest item whose time has come, or returns NULL. */
struct agenda_item *agenda_take_due(struct agenda *a, int64_t now);
