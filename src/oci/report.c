/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/report.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "json/json.h"

/* crun says "file:PATH", too, and knows journals, which are not ours to write to. */
static const char *path_of(const char *file)
{
    static const char prefix[] = "file:";
    if (!file)
        return NULL;
    if (str_starts_with(file, prefix))
        return file + strlen(prefix);
    return str_starts_with(file, "journald:") || str_starts_with(file, "syslog:") ? NULL
                                                                                  : file;
}

static json_t *new_line(const char *level, const char *text)
{
    struct timespec now;
    char when[CLOCK_TEXT_SIZE];
    clock_gettime(CLOCK_REALTIME, &now);
    clock_format_rfc3339(now.tv_sec * CLOCK_SECOND, when);
    return json_pack("{s:s, s:s, s:s}", "level", level, "msg", text, "time", when);
}

static int compose(const struct report *r, const char *level, const char *text,
                   struct buf *out)
{
    cleanup_json json_t *line = new_line(level, text);
    int failed = !line;
    if (str_equal(r->format, "json"))
        failed = failed || json_write(line, out);
    else
        failed = failed || buf_printf(out, "time=\"%s\" level=%s msg=\"%s\"",
                                      json_string_value(json_object_get(line, "time")),
                                      level, text);
    return failed || buf_append_char(out, '\n');
}

/* A log that can't be written to is no reason not to go on: the caller has the line on
 * standard error, too. */
static void append(const struct report *r, const char *level, const char *text)
{
    cleanup_buf struct buf line = BUF_INIT;
    const char *path = path_of(r->file);
    if (!path || compose(r, level, text, &line))
        return;
    cleanup_fd int fd =
        open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
    if (fd >= 0 && write(fd, line.data, line.len) < 0)
        fprintf(stderr, "coffer-runtime: can't write to %s\n", path);
}

/* One line without orders for a terminal: an image may have put anything into it. */
static struct err plain(const struct err *e)
{
    struct err line = *e;
    for (char *at = line.text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    return line;
}

void report_error(const struct report *r, const struct err *e)
{
    struct err line = plain(e);
    append(r, "error", err_text(&line));
    if (!r->file || !str_equal(r->file, "/dev/stderr"))
        fprintf(stderr, "coffer: %s\n", err_text(&line));
}

void report_warning(const struct report *r, const struct err *e)
{
    struct err line = plain(e);
    append(r, "warning", err_text(&line));
}
