/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/table.h"
#include "cli/template.h"

#define TABLE "table"

int64_t output_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * CLOCK_SECOND + t.tv_nsec;
}

static void print_buf(const struct buf *text)
{
    if (text->len)
        fwrite(text->data, 1, text->len, stdout);
}

int output_template(const char *template, json_t *value, const char *end, struct err *e)
{
    struct template *t = NULL;
    cleanup_buf struct buf text = BUF_INIT;
    int r = template_parse(template, &t, e);
    if (r)
        return r;
    r = template_run(t, value, false, &text, e);
    template_free(t);
    if (r)
        return r;
    print_buf(&text);
    fputs(end, stdout);
    return 0;
}

/* "\t" and "\n" as people write them on a command line. */
static int unescape(const char *s, struct buf *out)
{
    int r = 0;
    for (; *s && !r; s++) {
        bool tab = s[0] == '\\' && s[1] == 't', line = s[0] == '\\' && s[1] == 'n';
        r = buf_append_char(out, tab ? '\t' : line ? '\n' : *s);
        s += tab || line;
    }
    return r;
}

static json_t *header_row(const struct listing *l)
{
    json_t *row = json_pack("{s:b}", ".Label", 1);
    for (size_t i = 0; l->headers[i]; i += 2)
        if (json_object_set_new(row, l->headers[i], json_string(l->headers[i + 1]))) {
            json_decref(row);
            return NULL;
        }
    return row;
}

static int run_rows(const struct template *t, json_t *rows, json_t *header,
                    struct buf *out, struct err *e)
{
    int r = header ? template_run(t, header, true, out, e) : 0;
    if (header && !r && buf_append_char(out, '\n'))
        return err_no_memory(e);
    for (size_t i = 0; i < json_array_size(rows) && !r; i++) {
        r = template_run(t, json_array_get(rows, i), true, out, e);
        if (!r && buf_append_char(out, '\n'))
            r = err_no_memory(e);
    }
    return r;
}

static int print_rows(const char *format, json_t *rows, json_t *header, struct err *e)
{
    struct template *t = NULL;
    cleanup_buf struct buf text = BUF_INIT, laid_out = BUF_INIT;
    int r = template_parse(format, &t, e);
    if (r)
        return r;
    r = run_rows(t, rows, header, &text, e);
    template_free(t);
    if (r)
        return r;
    if (header && table_lay_out(buf_str(&text), &laid_out))
        return err_no_memory(e);
    print_buf(header ? &laid_out : &text);
    return 0;
}

int output_list(struct cli *c, const struct listing *l, json_t *rows, struct err *e)
{
    const char *asked = flags_string(&c->flags, "format");
    cleanup_buf struct buf format = BUF_INIT;
    bool table = str_is_empty(asked) || str_equal(asked, TABLE);
    if (table && flags_switch(&c->flags, "quiet"))
        return print_rows("{{.ID}}", rows, NULL, e);
    bool own_table = !table && str_starts_with(asked, TABLE " ");
    if (table)
        asked = l->format;
    else if (own_table)
        asked += strlen(TABLE " ");
    else if (str_equal(asked, "json"))
        asked = "{{json .}}";
    cleanup_json json_t *header = table || own_table ? header_row(l) : NULL;
    if (unescape(asked, &format) || ((table || own_table) && !header))
        return err_no_memory(e);
    return print_rows(buf_str(&format), rows, header, e);
}

json_t *output_ago(const json_t *object, const char *path)
{
    int64_t t;
    char text[CLOCK_TEXT_SIZE], ago[CLOCK_TEXT_SIZE + 8];
    if (!clock_parse_rfc3339(field_string(object, path), &t))
        return json_string("");
    int64_t past = output_now() - t;
    clock_format_ago(past > 0 ? past : 0, text);
    snprintf(ago, sizeof(ago), "%s ago", text);
    return json_string(ago);
}

int output_add_row(json_t *rows, json_t *row, struct err *e)
{
    size_t n;
    UNUSED cleanup_json json_t *unsorted = row;
    cleanup_json json_t *sorted = json_object();
    const char **keys = field_sorted_keys(row, &n);
    int r = row && keys ? 0 : ERR_NO_MEMORY;
    for (size_t i = 0; i < n && !r; i++)
        r = json_object_set(sorted, keys[i], json_object_get(row, keys[i]));
    free(keys);
    if (r || json_array_append(rows, sorted))
        return err_no_memory(e);
    return 0;
}

json_t *output_labels(const json_t *labels)
{
    cleanup_buf struct buf text = BUF_INIT;
    size_t n;
    const char **keys = field_sorted_keys(labels, &n);
    int r = n && !keys ? ERR_NO_MEMORY : 0;
    for (size_t i = 0; i < n && !r; i++)
        r = buf_printf(&text, "%s%s=%s", i > 0 ? "," : "", keys[i],
                       json_string_value(json_object_get(labels, keys[i])));
    free(keys);
    return r ? NULL : json_string(buf_str(&text));
}

/* ---- filters ---- */

static int add_filter(json_t *filters, const char *key, size_t n, const char *value)
{
    json_t *values = json_object_getn(filters, key, n);
    if (!values) {
        values = json_object();
        if (json_object_setn_new(filters, key, n, values))
            return ERR_NO_MEMORY;
    }
    return json_object_set_new(values, value, json_true()) ? ERR_NO_MEMORY : 0;
}

int output_filters(struct buf *path, char lead, const struct flags *f,
                   const char *const *pairs)
{
    cleanup_json json_t *filters = json_object();
    const char *filter;
    int r = filters ? 0 : ERR_NO_MEMORY;
    for (size_t i = 0; !r && f && (filter = flags_next(f, "filter", &i));) {
        size_t n = strcspn(filter, "=");
        r = add_filter(filters, filter, n, filter + n + 1);
    }
    for (size_t i = 0; !r && pairs && pairs[i]; i += 2)
        r = add_filter(filters, pairs[i], strlen(pairs[i]), pairs[i + 1]);
    if (r || !json_object_size(filters))
        return r;
    static const struct json_style sorted = {.sorts_keys = true};
    cleanup_buf struct buf text = BUF_INIT;
    const char *format = lead == '?' ? "?filters=%s" : "&filters=%s";
    r = json_write_style(filters, &sorted, &text);
    return r ? r : path_printf(path, format, buf_str(&text));
}

/* ---- sorting ---- */

int output_sort(json_t *array, int (*order)(const void *, const void *), struct err *e)
{
    size_t n = json_array_size(array);
    cleanup_free json_t **items = calloc(n + 1, sizeof(*items));
    if (!items)
        return err_no_memory(e);
    for (size_t i = 0; i < n; i++)
        items[i] = json_incref(json_array_get(array, i));
    qsort(items, n, sizeof(*items), order);
    for (size_t i = 0; i < n; i++)
        if (json_array_set_new(array, i, items[i]))
            return err_no_memory(e);
    return 0;
}

/* ---- failures ---- */

void output_failure(struct cli *c, const struct err *e)
{
    fflush(stdout);
    fprintf(stderr, "%s\n", err_text(e));
    c->status = CLI_FAILED;
}
