/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/filters.h"
#include "store/store.h"

/* Something that happened to an object of the swarm, as /events tells it. */
struct api_event {
    enum object_kind kind;
    const char *action; /* "create", "update", "remove" */
    char *id;
    int64_t time;
    size_t n_attributes;
    Swarm__Pair **attributes; /* sorted by key */
};

/* Makes an event of a change. *out is NULL for what nobody is told (the cluster's own
 * object). ERR_NO_MEMORY. */
int api_event_new(const struct store_change *change, int64_t now,
                  struct api_event **out) MUST_CHECK;
void api_event_free(struct api_event *ev);

/* Is this what the filters of a client ask for? Tasks must be asked for by type. */
bool api_event_is_match(const struct api_event *ev, const struct api_filters *f);

/* Appends it as a line of JSON. */
int api_event_write(const struct api_event *ev, struct buf *out) MUST_CHECK;
