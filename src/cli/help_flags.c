/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/str.h"
#include "cli/flags.h"

#define HELP_COLUMNS 79

/* Docker's layout: two columns, the right one wrapped. */

static int left_width(const struct flag *flag)
{
    size_t n = strlen("  -x, --") + strlen(flag->name);
    return (int)(n + (flag->type->name ? 1 + strlen(flag->type->name) : 0));
}

static int widest(const struct flag *table)
{
    int most = 0;
    for (; table->name; table++)
        if (!table->refused && left_width(table) > most)
            most = left_width(table);
    return most;
}

/* How many characters of s fit into n columns without cutting a word. A word that is too
 * long for any line is left whole. */
static size_t line_length(const char *s, size_t n)
{
    size_t to_end = strcspn(s, "\n");
    if (to_end <= n)
        return to_end;
    size_t i = n;
    while (i > 0 && s[i] != ' ')
        i--;
    return i > 0 ? i : strcspn(s, " \n");
}

static void print_wrapped(FILE *out, const char *s, int column)
{
    for (bool first = true; *s; first = false) {
        size_t n = line_length(s, (size_t)(HELP_COLUMNS - column));
        fprintf(out, "%*s%.*s\n", first ? 0 : column, "", (int)n, s);
        s += n;
        if (*s)
            s++;
    }
}

static void print_flag(FILE *out, const struct flag *flag, int column)
{
    char text[1024];
    bool quoted = flag->type == &flag_string;
    const char *quote = quoted ? "\"" : "";
    if (flag->fallback)
        snprintf(text, sizeof(text), "%s (default %s%s%s)", flag->help, quote,
                 flag->fallback, quote);
    else
        strcpy_cut(text, sizeof(text), flag->help);
    if (flag->letter)
        fprintf(out, "  -%c, ", flag->letter);
    else
        fputs("      ", out);
    fprintf(out, "--%s%s%s", flag->name, flag->type->name ? " " : "",
            flag->type->name ? flag->type->name : "");
    fprintf(out, "%*s", column - left_width(flag), "");
    print_wrapped(out, text, column);
}

/* The first row, in the order of names, behind one name. */
static const struct flag *next_flag(const struct flag *table, const char *behind)
{
    const struct flag *first = NULL;
    for (; table->name; table++)
        if (!table->refused && strcmp(table->name, behind) > 0 &&
            (!first || strcmp(table->name, first->name) < 0))
            first = table;
    return first;
}

void help_flags(FILE *out, const struct flag *table)
{
    int column = widest(table) + 3;
    const struct flag *flag = next_flag(table, "");
    for (; flag; flag = next_flag(table, flag->name))
        print_flag(out, flag, column);
}
