/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

static enum log_level threshold = LOG_INFO;
static const char *program = "cofferd";

static const struct {
    const char *name;
    int syslog; /* the number journald wants, of RFC 5424 */
} levels[] = {
    [LOG_ERROR] = {"error", 3},
    [LOG_WARN] = {"warn", 4},
    [LOG_INFO] = {"info", 6},
    [LOG_DEBUG] = {"debug", 7},
};

void log_set_program(const char *name)
{
    program = name;
}

void log_set_level(enum log_level level)
{
    threshold = level;
}

int log_level_from_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
        if (str_equal(name, levels[i].name))
            return (int)i;
    return -1;
}

/* What others said stands in some texts: a line end in it would begin a line of theirs.
 */
static void keep_one_line(char *line)
{
    for (; *line; line++)
        if ((unsigned char)*line < ' ' || *line == 0x7f)
            *line = ' ';
}

void log_line(enum log_level level, const char *fmt, ...)
{
    if (level > threshold)
        return;
    char line[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    keep_one_line(line);
    if (getenv("JOURNAL_STREAM"))
        fprintf(stderr, "<%d>%s\n", levels[level].syslog, line);
    else
        fprintf(stderr, "%s: %s: %s\n", program, levels[level].name, line);
}
