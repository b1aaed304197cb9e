/* SPDX-License-Identifier: Apache-2.0 */
#include "base/settings.h"

#include <ctype.h>
#include <string.h>

static char *trim(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    char *end = s + strlen(s);
    while (end > s && isspace((unsigned char)end[-1]))
        *--end = '\0';
    return s;
}

/* What stands in a line may be a secret: an error doesn't show it. */
static int take_line(char *line,
                     int (*take)(const char *name, const char *value, void *user,
                                 struct err *e),
                     void *user, struct err *e)
{
    char *name = trim(line);
    if (!*name || *name == '#')
        return 0;
    char *equals = strchr(name, '=');
    if (!equals || equals == name)
        return err_set(e, ERR_INVALID_ARGUMENT, "it is not of the form 'name = value'");
    *equals = '\0';
    return take(trim(name), trim(equals + 1), user, e);
}

int settings_read(char *text,
                  int (*take)(const char *name, const char *value, void *user,
                              struct err *e),
                  void *user, struct err *e)
{
    char *next = text;
    for (int number = 1; next && *next; number++) {
        char *line = next;
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        int r = take_line(line, take, user, e);
        if (r)
            return err_wrap(e, r, "line %d", number);
    }
    return 0;
}
