/* SPDX-License-Identifier: Apache-2.0 */
#include "api/events_past.h"

#include "api/json.h"
#include "base/clock.h"

void api_events_past_deinit(struct api_events_past *p)
{
    buf_deinit(&p->text);
}

int api_events_past_load(struct api_events_past *p, const struct api_event_history *h,
                         const struct api_filters *f, int64_t since, int64_t until)
{
    for (size_t i = 0; i < h->len; i++) {
        const struct api_event *event = api_event_history_get(h, i);
        if (event->time < since || (until && event->time > until) ||
            !api_event_is_match(event, f))
            continue;
        if (api_event_write(event, &p->text))
            return ERR_NO_MEMORY;
        p->lines[p->n].time = event->time;
        p->lines[p->n++].end = p->text.len;
    }
    return 0;
}

size_t api_events_past_take(struct api_events_past *p, int64_t time, const char **out)
{
    size_t start = p->at ? p->lines[p->at - 1].end : 0;
    while (p->at < p->n && p->lines[p->at].time <= time)
        p->at++;
    *out = buf_str(&p->text) + start;
    return p->at ? p->lines[p->at - 1].end - start : 0;
}

int64_t api_events_line_time(const char *line, size_t n)
{
    cleanup_json json_t *event = NULL;
    struct err e;
    if (api_json_parse(line, n, &event, &e))
        return 0;
    int64_t time = json_integer_value(json_object_get(event, "timeNano"));
    int64_t seconds = json_integer_value(json_object_get(event, "time"));
    if (time || seconds < 0 || seconds > INT64_MAX / CLOCK_SECOND)
        return time;
    return seconds * CLOCK_SECOND;
}
