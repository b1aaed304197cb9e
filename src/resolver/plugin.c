/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/plugin.h"

#include <stdbool.h>
#include <string.h>

#include "resolver/quote.h"

int plugin_check_name(const char *name, struct err *e)
{
    char quoted[QUOTE_SIZE];
    size_t n = strlen(name);
    if (!n)
        return err_set(e, ERR_INVALID_ARGUMENT, "plugin name is required");
    if (n > PLUGIN_NAME_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT, "plugin name %s is over %d bytes",
                       quote(quoted, name, n), PLUGIN_NAME_MAX);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "plugin name %s has a control character",
                           quote(quoted, name, n));
    return 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_identifier_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* Each of these moves *s behind what it read. */
static bool skip_number(const char **s)
{
    const char *start = *s;
    while (is_digit(**s))
        ++*s;
    size_t n = (size_t)(*s - start);
    return n == 1 || (n > 1 && *start != '0');
}

static bool skip_identifier(const char **s, bool may_lead_with_zero)
{
    const char *start = *s;
    bool is_number = true;
    for (; is_identifier_char(**s); ++*s)
        is_number = is_number && is_digit(**s);
    size_t n = (size_t)(*s - start);
    return n && (may_lead_with_zero || !is_number || n == 1 || *start != '0');
}

/* Identifiers with dots between, behind `mark`; nothing when that isn't there. */
static bool skip_identifiers(const char **s, char mark, bool may_lead_with_zero)
{
    if (**s != mark)
        return true;
    do {
        ++*s;
        if (!skip_identifier(s, may_lead_with_zero))
            return false;
    } while (**s == '.');
    return true;
}

static bool is_semver(const char *s)
{
    for (int part = 0; part < 3; part++) {
        if (part && *s++ != '.')
            return false;
        if (!skip_number(&s))
            return false;
        if (!*s)
            return true;
    }
    return skip_identifiers(&s, '-', false) && skip_identifiers(&s, '+', true) && !*s;
}

int plugin_check_version(const char *version, struct err *e)
{
    char quoted[QUOTE_SIZE];
    size_t n = strlen(version);
    if (!n)
        return err_set(e, ERR_INVALID_ARGUMENT, "parsing version: empty version");
    if (*version != 'v')
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "parsing version: missing version prefix");
    if (n <= PLUGIN_VERSION_MAX && is_semver(version + 1))
        return 0;
    quote(quoted, version, n);
    return err_set(e, ERR_INVALID_ARGUMENT, "parsing version: invalid version: %.*s",
                   (int)strlen(quoted) - 2, quoted + 1);
}
