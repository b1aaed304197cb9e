/* SPDX-License-Identifier: Apache-2.0 */

#include "base/str.h"
#include "cli/output.h"

#define REAL_DIGITS 15

static int print_json(const json_t *value, unsigned indent, struct err *e)
{
    const struct json_style style = {.indent = indent, .digits = REAL_DIGITS};
    cleanup_buf struct buf text = BUF_INIT;
    if (json_write_style(value, &style, &text))
        return err_no_memory(e);
    printf("%s\n", buf_str(&text));
    return 0;
}

/* The objects that are there; those that aren't go to `failures`. */
static int fetch_all(struct cli *c, const struct inspection *i, json_t *objects,
                     struct buf *failures, struct err *e)
{
    for (int at = 0; at < c->argc; at++) {
        json_t *object = NULL;
        struct err why = {0};
        int r = i->fetch(c, c->argv[at], &object, &why);
        if (r == ERR_NO_MEMORY)
            return err_no_memory(e);
        if (r && buf_printf(failures, "%s\n", err_text(&why)))
            return err_no_memory(e);
        if (!r && json_array_append_new(objects, object))
            return err_no_memory(e);
    }
    return 0;
}

static int print_pretty(struct cli *c, const struct inspection *i, json_t *objects,
                        struct err *e)
{
    int r = 0;
    for (size_t at = 0; at < json_array_size(objects) && !r; at++) {
        json_t *object = json_array_get(objects, at);
        fputs(i->before ? i->before : "", stdout);
        r = i->prepare ? i->prepare(c, object, e) : 0;
        if (!r)
            r = output_template(i->pretty, object, "\n", e);
    }
    return r;
}

static int print_objects(struct cli *c, const struct inspection *i, json_t *objects,
                         struct err *e)
{
    const char *format = flags_string(&c->flags, "format");
    if (flags_switch(&c->flags, "pretty"))
        return print_pretty(c, i, objects, e);
    if (str_is_empty(format))
        return print_json(objects, 4, e);
    if (str_equal(format, "json"))
        return print_json(objects, 0, e);
    int r = 0;
    for (size_t at = 0; at < json_array_size(objects) && !r; at++)
        r = output_template(format, json_array_get(objects, at), "\n", e);
    if (!json_array_size(objects))
        fputc('\n', stdout);
    return r;
}

int output_inspect(struct cli *c, const struct inspection *i, struct err *e)
{
    cleanup_buf struct buf failures = BUF_INIT;
    cleanup_json json_t *objects = json_array();
    if (flags_switch(&c->flags, "pretty") && flags_has(&c->flags, "format"))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "--format is incompatible with human "
                       "friendly format");
    int r = objects ? fetch_all(c, i, objects, &failures, e) : err_no_memory(e);
    if (!r)
        r = print_objects(c, i, objects, e);
    if (r || !failures.len)
        return r;
    fflush(stdout);
    fputs(buf_str(&failures), stderr);
    c->status = CLI_FAILED;
    return 0;
}
