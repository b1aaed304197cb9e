/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/event_history.h"
#include "base/buf.h"

/*
 * The swarm's part of the past that a client of /events asked for, as text, in order of
 * time; the engine's part is merged with it line by line.
 */
struct api_events_past {
    struct buf text;
    struct {
        int64_t time;
        size_t end; /* of its line in text */
    } lines[API_EVENTS_KEPT];
    size_t n, at;
};

void api_events_past_deinit(struct api_events_past *p);

/* Takes those kept events of since to until (0: no end) that match. ERR_NO_MEMORY. */
int api_events_past_load(struct api_events_past *p, const struct api_event_history *h,
                         const struct api_filters *f, int64_t since,
                         int64_t until) MUST_CHECK;

/* The lines that weren't taken yet, up to that time: their length, 0 without any. Lent.
 */
size_t api_events_past_take(struct api_events_past *p, int64_t time, const char **out);

/* When the engine's event in that line was; 0 for a line that doesn't say. */
int64_t api_events_line_time(const char *line, size_t n);
