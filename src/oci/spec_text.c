/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/spec_text.h"

#include <string.h>

#include "json/syntax.h"

const struct json_limits spec_limits = {
    .bytes = SPEC_SIZE_MAX, .values = SPEC_VALUES_MAX, .depth = 64};

/* Moves *at behind the value there and the white space before it. */
static bool skip_value(const struct buf *text, size_t *at, struct span *out)
{
    *at = json_skip_space(text->data, text->len, *at);
    out->start = *at;
    if (json_check(text->data, text->len, at, &spec_limits, NULL))
        return false;
    out->end = *at;
    return true;
}

static bool is_key(const struct buf *text, struct span at, const char *key)
{
    size_t n = strlen(key);
    return at.end - at.start == n + 2 && !memcmp(text->data + at.start + 1, key, n);
}

/* The pair at *at, which moves to the next one; false behind the last. */
static bool next_pair(const struct buf *text, size_t *at, struct span *key,
                      struct span *value)
{
    *at = json_skip_space(text->data, text->len, *at);
    if (*at >= text->len || text->data[*at] != '"' || !skip_value(text, at, key))
        return false;
    *at = json_skip_space(text->data, text->len, *at) + 1; /* the colon */
    if (!skip_value(text, at, value))
        return false;
    *at = json_skip_space(text->data, text->len, *at) + 1; /* a comma, or the end */
    return true;
}

bool spec_find(const struct buf *text, struct span object, const char *key,
               struct span *out)
{
    struct span name, value;
    bool is_found = false;
    if (text->data[object.start] != '{')
        return false;
    for (size_t at = object.start + 1; at < object.end;) {
        if (!next_pair(text, &at, &name, &value))
            break;
        if (is_key(text, name, key)) {
            *out = value;
            is_found = true;
        }
    }
    return is_found;
}

struct span spec_whole(const struct spec *s)
{
    return (struct span){json_skip_space(s->text.data, s->text.len, 0), s->text.len};
}

int spec_value(const struct buf *text, struct span at, json_t **out, struct err *e)
{
    return json_read(text->data + at.start, at.end - at.start, &spec_limits, out, e);
}
