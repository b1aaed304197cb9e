/* SPDX-License-Identifier: Apache-2.0 */
#include "api/events.h"

#include "base/str.h"

static bool is_one_of(const char *s, const char *const *list)
{
    for (; *list; list++)
        if (str_equal(s, *list))
            return true;
    return false;
}

/* Types of events that an engine doesn't know; networks are on both sides. */
static bool is_swarm_type(const char *type)
{
    static const char *const types[] = {"service", "node", "secret",
                                        "config",  "task", NULL};
    return is_one_of(type, types);
}

static bool has_engine_type(const struct api_filters *f)
{
    for (size_t i = 0; i < api_filters_count(f, "type"); i++)
        if (!is_swarm_type(api_filters_value(f, "type", i)))
            return true;
    return !api_filters_has(f, "type");
}

bool api_events_concern_engine(const struct api_filters *f)
{
    return has_engine_type(f) && api_filters_match(f, "scope", "local") &&
           !api_filters_has(f, "service") && !api_filters_has(f, "node") &&
           !api_filters_has(f, "secret") && !api_filters_has(f, "config");
}

static void write_values(const struct api_filters *f, const char *key,
                         struct api_json_out *w)
{
    api_json_key(w, key);
    api_json_open(w, '[');
    for (size_t i = 0; i < api_filters_count(f, key); i++)
        if (!str_equal(key, "type") || !is_swarm_type(api_filters_value(f, key, i)))
            api_json_string(w, api_filters_value(f, key, i));
    api_json_close(w, ']');
}

static int write_filters(const struct api_filters *f, struct buf *out)
{
    struct api_json_out w;
    api_json_begin(&w, out);
    api_json_open(&w, '{');
    for (void *at = json_object_iter(f->keys); at;
         at = json_object_iter_next(f->keys, at))
        if (!str_equal(json_object_iter_key(at), "scope"))
            write_values(f, json_object_iter_key(at), &w);
    api_json_close(&w, '}');
    return w.code;
}

static char separator(struct buf *out)
{
    return strchr(buf_str(out), '?') ? '&' : '?';
}

static int append_time(struct buf *out, const char *key, int64_t time)
{
    if (!time)
        return 0;
    return buf_printf(out, "%c%s=%lld.%09lld", separator(out), key,
                      (long long)(time / CLOCK_SECOND), (long long)(time % CLOCK_SECOND));
}

static int append_filters(struct buf *out, struct buf *filters)
{
    if (!filters->len)
        return 0;
    int r = buf_printf(out, "%cfilters=", separator(out));
    return r ? r : http_url_escape(out, buf_str(filters));
}

int api_events_engine_target(const struct api_filters *f, int64_t since, int64_t until,
                             struct buf *out)
{
    cleanup_buf struct buf filters = BUF_INIT;
    int r = f->keys ? write_filters(f, &filters) : 0;
    if (!r)
        r = buf_append_str(out, "/events");
    if (!r)
        r = append_time(out, "since", since);
    if (!r)
        r = append_time(out, "until", until);
    return r ? r : append_filters(out, &filters);
}
