/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tasks.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/names.h"
#include "cli/table.h"

/* The longest error shown when lines are kept short, in characters. */
#define ERROR_MAX 30

const struct flag tasks_flags[] = {
    FLAG_FILTER,
    {"format", 0, &flag_string, "Pretty-print tasks using a Go template", NULL, NULL},
    {"no-resolve", 0, &flag_switch, "Do not map IDs to Names", NULL, NULL},
    {"no-trunc", 0, &flag_switch, "Do not truncate output", NULL, NULL},
    {"quiet", 'q', &flag_switch, "Only display task IDs", NULL, NULL},
    {0},
};

static const char *const headers[] = {
    "ID",    "ID",    "Name",         "NAME",          "Image",
    "IMAGE", "Node",  "NODE",         "DesiredState",  "DESIRED STATE",
    "Error", "ERROR", "CurrentState", "CURRENT STATE", "Ports",
    "PORTS", NULL,
};
static const struct listing list = {
    "{{.ID}}\t{{.Name}}\t{{.Image}}\t{{.Node}}\t{{.DesiredState}}\t{{.CurrentState}}\t"
    "{{.Error}}\t{{.Ports}}",
    headers};

void tasks_title(const char *word, char out[32])
{
    strcpy_cut(out, 32, word);
    out[0] = (char)toupper((unsigned char)out[0]);
}

json_t *tasks_short_image(const char *image)
{
    const char *at = strstr(image, "@sha256:");
    return json_stringn(image, at ? (size_t)(at - image) : strlen(image));
}

/* "SERVICE.SLOT", or "SERVICE.NODE" where there are no slots. */
static json_t *task_name(const json_t *task, struct names *names)
{
    const char *service = names_service(names, field_string(task, "ServiceID"));
    json_int_t slot = field_int(task, "Slot");
    if (!service)
        return NULL;
    if (slot)
        return json_sprintf("%s.%lld", service, (long long)slot);
    return json_sprintf("%s.%s", service, field_string(task, "NodeID"));
}

static json_t *current_state(const json_t *task)
{
    char state[32];
    tasks_title(field_string(task, "Status.State"), state);
    cleanup_json json_t *ago = output_ago(task, "Status.Timestamp");
    if (!ago)
        return NULL;
    char text[64];
    strcpy_cut(text, sizeof(text), json_string_value(ago));
    text[0] = (char)tolower((unsigned char)text[0]);
    return json_sprintf("%s %s", state, text);
}

/* Where character n of UTF-8 text begins. */
static size_t offset_of(const char *s, size_t n)
{
    size_t i = 0;
    for (size_t seen = 0; s[i]; i++)
        if (((unsigned char)s[i] & 0xC0) != 0x80 && seen++ == n)
            break;
    return i;
}

static json_t *quoted_error(const json_t *task, bool whole)
{
    const char *s = field_string(task, "Status.Err");
    if (!*s)
        return json_string("");
    if (whole || table_width(s, strlen(s)) <= ERROR_MAX)
        return json_sprintf("\"%s\"", s);
    return json_sprintf("\"%.*s…\"", (int)offset_of(s, ERROR_MAX - 1), s);
}

static json_t *ports(const json_t *task)
{
    cleanup_buf struct buf text = BUF_INIT;
    const json_t *all = field_get(task, "Status.PortStatus.Ports");
    int r = 0;
    for (size_t i = 0; i < json_array_size(all) && !r; i++) {
        const json_t *port = json_array_get(all, i);
        r = buf_printf(&text, "%s*:%lld->%lld/%s", i > 0 ? "," : "",
                       (long long)field_int(port, "PublishedPort"),
                       (long long)field_int(port, "TargetPort"),
                       field_string(port, "Protocol"));
    }
    return r ? NULL : json_string(buf_str(&text));
}

static json_t *make_row(const json_t *task, const char *name, const char *node,
                        bool whole)
{
    char desired[32];
    const char *id = field_string(task, "ID");
    const char *image = field_string(task, "Spec.ContainerSpec.Image");
    tasks_title(field_string(task, "DesiredState"), desired);
    return json_pack("{s:o, s:s, s:o, s:s, s:s, s:o, s:o, s:o}", "ID",
                     json_stringn(id, whole ? strlen(id) : strnlen(id, TASKS_SHORT_ID)),
                     "Name", name, "Image",
                     whole ? json_string(image) : tasks_short_image(image), "Node", node,
                     "DesiredState", desired, "CurrentState", current_state(task),
                     "Error", quoted_error(task, whole), "Ports", ports(task));
}

/* By name as people count ("x.2" before "x.10"), the newest of a name first. */
static int by_name(const void *a, const void *b)
{
    const json_t *const *x = a, *const *y = b;
    int order = strverscmp(json_string_value(json_object_get(*x, ".name")),
                           json_string_value(json_object_get(*y, ".name")));
    return order ? order
                 : strcmp(field_string(*y, "CreatedAt"), field_string(*x, "CreatedAt"));
}

static bool is_table(const struct cli *c)
{
    const char *format = flags_string(&c->flags, "format");
    return str_is_empty(format) || str_starts_with(format, "table");
}

/* Older tasks of a name are indented under the newest, in tables. */
static int add_row(struct cli *c, const json_t *task, bool repeated, struct names *names,
                   json_t *rows, struct err *e)
{
    bool whole = flags_switch(&c->flags, "no-trunc") ||
                 (flags_switch(&c->flags, "quiet") && is_table(c));
    const char *name = json_string_value(json_object_get(task, ".name"));
    const char *node = names_node(names, field_string(task, "NodeID"));
    cleanup_json json_t *shown =
        json_sprintf("%s%s", repeated && is_table(c) ? " \\_ " : "", name);
    if (!node || !shown)
        return err_no_memory(e);
    return output_add_row(rows, make_row(task, json_string_value(shown), node, whole), e);
}

static int name_tasks(json_t *tasks, struct names *names, struct err *e)
{
    for (size_t i = 0; i < json_array_size(tasks); i++) {
        json_t *task = json_array_get(tasks, i);
        if (json_object_set_new(task, ".name", task_name(task, names)))
            return err_no_memory(e);
    }
    return 0;
}

static int make_rows(struct cli *c, json_t *tasks, struct names *names, json_t *rows,
                     struct err *e)
{
    const char *before = "";
    int r = name_tasks(tasks, names, e);
    if (!r)
        r = output_sort(tasks, by_name, e);
    for (size_t i = 0; i < json_array_size(tasks) && !r; i++) {
        const json_t *task = json_array_get(tasks, i);
        const char *name = json_string_value(json_object_get(task, ".name"));
        r = add_row(c, task, str_equal(before, name), names, rows, e);
        before = name;
    }
    return r;
}

int tasks_print(struct cli *c, json_t *tasks, struct err *e)
{
    struct names names;
    cleanup_json json_t *rows = json_array();
    names_init(&names, c->client, !flags_switch(&c->flags, "no-resolve"));
    int r = make_rows(c, tasks, &names, rows, e);
    names_deinit(&names);
    return r ? r : output_list(c, &list, rows, e);
}
