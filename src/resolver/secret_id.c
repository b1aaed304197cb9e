/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/secret_id.h"

#include <string.h>

#include "resolver/component.h"
#include "resolver/quote.h"

bool secret_id_has_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '.' || c == '_' || c == '-' || c == ':';
}

static bool has_wildcard(const struct component *parts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (parts[i].kind != COMPONENT_LITERAL)
            return true;
    return false;
}

int secret_id_check(const char *text, size_t n, struct err *e)
{
    struct component parts[SECRET_ID_COMPONENTS_MAX];
    size_t count, at;
    char quoted[QUOTE_SIZE];
    enum component_fault fault = component_split(text, n, parts, &count, &at);
    if (fault == COMPONENT_TOO_LONG)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "identifier %s has %zu bytes, at most %d are supported",
                       quote(quoted, text, n), n, SECRET_ID_MAX);
    if (fault == COMPONENT_TOO_MANY)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "identifier %s has over %d components, more are not supported",
                       quote(quoted, text, n), SECRET_ID_COMPONENTS_MAX);
    if (fault || has_wildcard(parts, count))
        return err_set(
            e, ERR_INVALID_ARGUMENT,
            "invalid identifier: %s must match ^[A-Za-z0-9._:-]+(?:/[A-Za-z0-9._:-]+)*$",
            quote(quoted, text, n));
    return 0;
}

bool secret_id_is_valid(const char *text)
{
    return text && secret_id_check(text, strlen(text), NULL) == 0;
}
