/* SPDX-License-Identifier: Apache-2.0 */
/* Placement constraints, "node.role==manager": SwarmKit's syntax, which takes the first
 * "==" and else the first "!=". */
#include <string.h>

#include "base/str.h"
#include "objects/objects.h"

static bool is_space(char c)
{
    return c && strchr(" \t\n\v\f\r", c);
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '_';
}

static void trim(const char **start, size_t *n)
{
    while (*n && is_space(**start))
        ++*start, --*n;
    while (*n && is_space((*start)[*n - 1]))
        --*n;
}

/* A letter or underscore, and at least one more character. */
static bool key_is_valid(const char *key, size_t n)
{
    if (n < 2 || !is_word(key[0]) || (key[0] >= '0' && key[0] <= '9'))
        return false;
    for (size_t i = 1; i < n; i++)
        if (!is_word(key[i]) && key[i] != '-' && key[i] != '.')
            return false;
    return true;
}

static bool value_is_valid(const char *value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_word(value[i]) && !strchr(":- \t\n\f\r.*()?+[]\\^$|/", value[i]))
            return false;
    return n > 0;
}

int constraint_parse(const char *text, struct constraint *out, struct err *e)
{
    struct constraint c = {0};
    const char *mark = strstr(text, "==");
    if (!mark) {
        mark = strstr(text, "!=");
        c.is_negated = true;
    }
    if (!mark)
        return err_set(e, ERR_UNKNOWN, "constraint expected one operator from ==, !=");
    c.key = text;
    c.key_len = (size_t)(mark - text);
    c.value = mark + 2;
    c.value_len = strlen(c.value);
    trim(&c.key, &c.key_len);
    trim(&c.value, &c.value_len);
    if (!key_is_valid(c.key, c.key_len))
        return err_set(e, ERR_UNKNOWN, "key '%.*s' is invalid", (int)c.key_len, c.key);
    if (!value_is_valid(c.value, c.value_len))
        return err_set(e, ERR_UNKNOWN, "value '%.*s' is invalid", (int)c.value_len,
                       c.value);
    *out = c;
    return 0;
}
