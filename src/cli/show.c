/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show.h"

#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/str.h"

#define BAR_CHARACTERS 50
/* Narrower terminals have no room for bars. */
#define BAR_COLUMNS_MIN 111

void show_init(struct show *s, bool quiet)
{
    struct winsize size = {0};
    *s = (struct show){.out = quiet ? NULL : stdout};
    s->terminal = isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
    s->columns = size.ws_col;
}

static void print_bar(const struct show *s, int current, int total)
{
    if (total == 0 || s->columns < BAR_COLUMNS_MIN)
        return;
    int full = current >= total ? BAR_CHARACTERS : current * BAR_CHARACTERS / total;
    fputc('[', s->out);
    for (int i = 0; i < full; i++)
        fputc('=', s->out);
    fputs(full < BAR_CHARACTERS ? ">" : "", s->out);
    for (int i = full + 1; i < BAR_CHARACTERS; i++)
        fputc(' ', s->out);
    fputs("] ", s->out);
}

/* The cursor stands below the last line, before and after. */
static void print_in_place(const struct show *s, size_t at, const char *text, int current,
                           int total)
{
    size_t up = s->len - at;
    fprintf(s->out, "\033[%zuA\r\033[2K%s: %s ", up, s->lines[at].id, text);
    print_bar(s, current, total);
    fprintf(s->out, "\r\033[%zuB", up);
    fflush(s->out);
}

static size_t find_line(const struct show *s, const char *id)
{
    size_t i = 0;
    while (i < s->len && !str_equal(s->lines[i].id, id))
        i++;
    return i;
}

void show_line(struct show *s, const char *id, int current, int total, const char *fmt,
               ...)
{
    char text[SHOW_TEXT_MAX];
    size_t at = find_line(s, id);
    va_list ap;
    if (!s->out || at == SHOW_LINES_MAX)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    struct show_line *line = &s->lines[at];
    if (at < s->len && str_equal(line->text, text) && line->current == current)
        return;
    if (at == s->len) {
        strcpy_cut(line->id, sizeof(line->id), id);
        s->len++;
        fputs(s->terminal ? "\n" : "", s->out);
    }
    strcpy_cut(line->text, sizeof(line->text), text);
    line->current = current;
    if (s->terminal) {
        print_in_place(s, at, text, current, total);
    } else if (total == 0) {
        fprintf(s->out, "%s: %s\n", id, text);
        fflush(s->out);
    }
}

void show_message(struct show *s, const char *text)
{
    if (!s->out)
        return;
    fprintf(s->out, "%s\n", text);
    fflush(s->out);
}
