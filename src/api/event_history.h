/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/event.h"

#define API_EVENTS_KEPT 256

/* The last events of the swarm, for clients that ask for what was. */
struct api_event_history {
    struct api_event *events[API_EVENTS_KEPT];
    size_t first, len;
};

/* Keeps an event, which moves in; the oldest one goes when there are too many. */
void api_event_history_add(struct api_event_history *h, struct api_event *ev);

/* The i-th oldest. */
const struct api_event *api_event_history_get(const struct api_event_history *h,
                                              size_t i);

void api_event_history_deinit(struct api_event_history *h);
