/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/component.h"

#include <string.h>

#include "resolver/secret_id.h"

static enum component_fault check_literal(const char *text, size_t start, size_t end,
                                          size_t *at)
{
    for (*at = start; *at < end; ++*at) {
        if (text[*at] == '*')
            return COMPONENT_BAD_WILDCARD;
        if (!secret_id_has_char(text[*at]))
            return COMPONENT_BAD_CHAR;
    }
    return COMPONENT_FINE;
}

static enum component_fault read_one(const char *text, size_t start, size_t end,
                                     struct component *out, size_t *at)
{
    size_t len = end - start;
    *at = start;
    *out = (struct component){.start = (uint16_t)start, .len = (uint16_t)len};
    if (!len)
        return COMPONENT_EMPTY;
    if (len == 1 && text[start] == '*')
        out->kind = COMPONENT_ONE;
    else if (len == 2 && memcmp(text + start, "**", 2) == 0)
        out->kind = COMPONENT_GAP;
    else
        return check_literal(text, start, end, at);
    return COMPONENT_FINE;
}

static size_t end_of(const char *text, size_t start, size_t n)
{
    const char *slash = memchr(text + start, '/', n - start);
    return slash ? (size_t)(slash - text) : n;
}

enum component_fault component_split(const char *text, size_t n, struct component *out,
                                     size_t *count, size_t *at)
{
    *at = 0;
    *count = 0;
    if (!n)
        return COMPONENT_EMPTY;
    if (n > SECRET_ID_MAX)
        return COMPONENT_TOO_LONG;
    for (size_t start = 0, end; start <= n; start = end + 1) {
        if (*count == SECRET_ID_COMPONENTS_MAX)
            return COMPONENT_TOO_MANY;
        end = end_of(text, start, n);
        enum component_fault fault = read_one(text, start, end, &out[*count], at);
        if (fault)
            return fault;
        ++*count;
    }
    return COMPONENT_FINE;
}
