/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/command.h"
#include "cli/fields.h"

/*
 * What commands print. --format says how: "table" (the default), "table TEMPLATE",
 * "json", "TEMPLATE".
 */

/* A list's rows are JSON objects whose members are the columns. A member ".Label" of a
 * row is the object that {{.Label "name"}} looks into. */
struct listing {
    const char *format;         /* the default table: "{{.ID}}\t{{.Name}}" */
    const char *const *headers; /* member, header, member, header, ..., NULL */
};

/* Prints an array of rows as --format and --quiet say. */
int output_list(struct cli *c, const struct listing *l, json_t *rows,
                struct err *e) MUST_CHECK;

/* Runs a template over a value and prints the result, and `end` behind it. */
int output_template(const char *template, json_t *value, const char *end,
                    struct err *e) MUST_CHECK;

/* Inspects each argument: `fetch` gets the object of a name. Prints all of them as JSON,
 * by --format, or (with --pretty) by the template `pretty`; tells which weren't there. */
struct inspection {
    int (*fetch)(struct cli *c, const char *name, json_t **out, struct err *e);
    const char *pretty; /* NULL: the command has no --pretty */
    const char *before; /* printed before each pretty object; NULL: nothing */
    int (*prepare)(struct cli *c, json_t *object, struct err *e); /* for pretty; NULL */
};

int output_inspect(struct cli *c, const struct inspection *i, struct err *e) MUST_CHECK;

/* Removes each argument, an object of the collection at this path ("/secrets"): prints
 * the names of what is gone, and tells what could not be removed. */
int output_remove(struct cli *c, const char *collection, struct err *e) MUST_CHECK;

/* Sorts an array in place; order compares `const json_t *const *`. */
int output_sort(json_t *array, int (*order)(const void *, const void *),
                struct err *e) MUST_CHECK;

/* Tells an error of one of several objects, and that the command failed. */
void output_failure(struct cli *c, const struct err *e);

/* The flags many commands share. */
#define FLAG_FORMAT_TEXT                                                                 \
    "Format output using a custom template: 'table', 'table TEMPLATE', 'json', or a Go " \
    "template"
#define FLAG_FORMAT                                                                      \
    {                                                                                    \
        "format", 0, &flag_string, FLAG_FORMAT_TEXT, NULL, NULL                          \
    }
#define FLAG_FILTER                                                                      \
    {                                                                                    \
        "filter", 'f', &flag_filter, "Filter output based on conditions provided", NULL, \
            NULL                                                                         \
    }
#define FLAG_QUIET                                                                       \
    {                                                                                    \
        "quiet", 'q', &flag_switch, "Only display IDs", NULL, NULL                       \
    }
#define FLAG_FORMAT_INSPECT                                                              \
    {                                                                                    \
        "format", 'f', &flag_string,                                                     \
            "Format output using a custom template: 'json', or a Go template", NULL,     \
            NULL                                                                         \
    }
#define FLAG_PRETTY                                                                      \
    {                                                                                    \
        "pretty", 0, &flag_switch, "Print the information in a human friendly format",   \
            NULL, NULL                                                                   \
    }

/* How long ago a point of time is that an object has at path: "3 minutes ago". A new
 * string; NULL without memory. */
json_t *output_ago(const json_t *object, const char *path);

/* Appends a row to rows, its members in order of their names; takes it. */
int output_add_row(json_t *rows, json_t *row, struct err *e) MUST_CHECK;

/* Labels as Docker's lists show them, "a=b,c=d". */
json_t *output_labels(const json_t *labels);

/* "?filters={...}", escaped, of --filter flags and of pairs (key, value, ..., NULL) that
 * are asked besides; nothing when there are none. `lead` is '?' or '&'. */
int output_filters(struct buf *path, char lead, const struct flags *f,
                   const char *const *pairs) MUST_CHECK;

/* Now, in nanoseconds since 1970. */
int64_t output_now(void);
