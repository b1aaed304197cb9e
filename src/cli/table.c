/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define WIDTH_MIN 10
#define PADDING 3

size_t table_width(const char *s, size_t n)
{
    size_t width = 0;
    for (size_t i = 0; i < n; i++)
        width += ((unsigned char)s[i] & 0xC0) != 0x80;
    return width;
}

static size_t count_columns(const char *text)
{
    size_t most = 0;
    while (*text) {
        size_t n = 0;
        for (; *text && *text != '\n'; text++)
            n += *text == '\t';
        most = n > most ? n : most;
        text += *text == '\n';
    }
    return most;
}

static void measure(const char *text, size_t *widths)
{
    for (size_t column = 0; *text;) {
        size_t n = strcspn(text, "\t\n");
        if (text[n] == '\t') {
            size_t width = table_width(text, n) + PADDING;
            widths[column] = width > widths[column] ? width : widths[column];
        }
        column = text[n] == '\t' ? column + 1 : 0;
        text += n + (text[n] != '\0');
    }
}

int table_lay_out(const char *text, struct buf *out)
{
    size_t columns = count_columns(text);
    cleanup_free size_t *widths = calloc(columns + 1, sizeof(*widths));
    if (!widths)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < columns; i++)
        widths[i] = WIDTH_MIN;
    measure(text, widths);
    int r = 0;
    for (size_t column = 0; *text && !r;) {
        size_t n = strcspn(text, "\t\n");
        int blanks = text[n] == '\t' ? (int)(widths[column] - table_width(text, n)) : 0;
        r = buf_printf(out, "%.*s%*s%s", (int)n, text, blanks, "",
                       text[n] == '\n' ? "\n" : "");
        column = text[n] == '\t' ? column + 1 : 0;
        text += n + (text[n] != '\0');
    }
    return r;
}
