/* SPDX-License-Identifier: Apache-2.0 */
#include "api/event_history.h"

void api_event_history_add(struct api_event_history *h, struct api_event *ev)
{
    size_t at = (h->first + h->len) % API_EVENTS_KEPT;
    if (h->len == API_EVENTS_KEPT) {
        api_event_free(h->events[at]);
        h->first = (h->first + 1) % API_EVENTS_KEPT;
    } else {
        h->len++;
    }
    h->events[at] = ev;
}

const struct api_event *api_event_history_get(const struct api_event_history *h, size_t i)
{
    return h->events[(h->first + i) % API_EVENTS_KEPT];
}

void api_event_history_deinit(struct api_event_history *h)
{
    for (size_t i = 0; i < h->len; i++)
        api_event_free(h->events[(h->first + i) % API_EVENTS_KEPT]);
    *h = (struct api_event_history){0};
}
