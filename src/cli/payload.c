/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/payload.h"

#include <string.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/input.h"
#include "cli/output.h"

/* How secrets and configs differ. */
struct payload_kind {
    const char *path;
    size_t max; /* more than the daemon takes: it says so itself, in its own words */
};

static const struct payload_kind secrets = {"/secrets", 1024000};
static const struct payload_kind configs = {"/configs", 2048000};

static const struct payload_kind *kind_of(const struct cli *c)
{
    return str_equal(c->group->name, "secret") ? &secrets : &configs;
}

/* ---- create ---- */

/* Reads a value, "-" being standard input. */
static int read_value(const char *file, size_t max, struct buf *out, struct err *e)
{
    int r = input_read(file, true, max, out, e);
    if (!r && !out->len)
        r = err_set(e, ERR_INVALID_ARGUMENT, "data is empty");
    return r ? err_wrap(e, r, "error reading from %s",
                        str_equal(file, "-") ? "STDIN" : file)
             : 0;
}

/* --label as {"key": "value"}. */
static int set_labels(json_t *spec, const struct flags *f, struct err *e)
{
    const char *label;
    json_t *labels = field_object(spec, "Labels");
    int r = labels ? 0 : ERR_NO_MEMORY;
    for (size_t i = 0; !r && (label = flags_next(f, "label", &i));) {
        size_t n = strcspn(label, "=");
        const char *value = label[n] ? label + n + 1 : "";
        r = json_object_setn_new(labels, label, n, json_string(value)) ? ERR_NO_MEMORY
                                                                       : 0;
    }
    return r ? err_no_memory(e) : 0;
}

/* The request without its data. */
static int make_spec(const struct cli *c, json_t *spec, struct err *e)
{
    const char *driver = flags_string(&c->flags, "driver");
    const char *templating = flags_string(&c->flags, "template-driver");
    int r = field_set_string(spec, "Name", c->argv[0]);
    if (!r)
        r = set_labels(spec, &c->flags, e);
    if (!r && !str_is_empty(driver))
        r = field_set_string(spec, "Driver.Name", driver);
    if (!r && !str_is_empty(templating))
        r = field_set_string(spec, "Templating.Name", templating);
    return r ? err_no_memory(e) : 0;
}

/* The request: the value is written into the JSON text directly, so that it exists only
 * in wiped buffers. */
static int make_body(const json_t *spec, const struct buf *value, struct buf *body)
{
    cleanup_buf struct buf text = BUF_INIT;
    int r = json_write(spec, &text);
    if (r)
        return r;
    if (!value->len)
        return buf_append(body, text.data, text.len);
    r = buf_reserve(body, text.len + value->len / 3 * 4 + 64);
    if (!r)
        r = buf_append(body, text.data, text.len - 1);
    if (!r)
        r = buf_append_str(body, ",\"Data\":\"");
    if (!r)
        r = base64_encode(body, value->data, value->len);
    return r ? r : buf_append_str(body, "\"}");
}

static int check_source(const struct cli *c, struct err *e)
{
    bool has_driver = !str_is_empty(flags_string(&c->flags, "driver"));
    if (has_driver && c->argc > 1)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "When using secret driver secret data must be empty");
    if (!has_driver && c->argc < 2)
        return err_set(e, ERR_INVALID_ARGUMENT, "secret file is required");
    return 0;
}

static int run_create(struct cli *c, struct err *e)
{
    const struct payload_kind *kind = kind_of(c);
    cleanup_buf struct buf value = BUF_INIT, body = BUF_INIT, path = BUF_INIT;
    cleanup_json json_t *spec = json_object(), *answer = NULL;
    int r = spec ? check_source(c, e) : err_no_memory(e);
    if (!r && c->argc > 1)
        r = read_value(c->argv[1], kind->max, &value, e);
    if (!r)
        r = make_spec(c, spec, e);
    if (r)
        return r;
    if (make_body(spec, &value, &body) || buf_printf(&path, "%s/create", kind->path))
        return err_no_memory(e);
    buf_deinit(&value);
    r = client_call(c->client, "POST", buf_str(&path), &body, &answer, e);
    if (!r)
        printf("%s\n", field_string(answer, "ID"));
    return r;
}

/* ---- ls ---- */

static const char *const headers[] = {
    "ID",      "ID",        "Name",    "NAME",   "Driver", "DRIVER", "CreatedAt",
    "CREATED", "UpdatedAt", "UPDATED", "Labels", "LABELS", NULL,
};
static const struct listing secret_list = {
    "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.CreatedAt}}\t{{.UpdatedAt}}", headers};
static const struct listing config_list = {
    "{{.ID}}\t{{.Name}}\t{{.CreatedAt}}\t{{.UpdatedAt}}", headers};

static int add_row(bool secret, const json_t *object, json_t *rows, struct err *e)
{
    json_t *labels = field_get(object, "Spec.Labels");
    json_t *row = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:O?}", "ID", field_string(object, "ID"), "Name",
        field_string(object, "Spec.Name"), "CreatedAt", output_ago(object, "CreatedAt"),
        "UpdatedAt", output_ago(object, "UpdatedAt"), "Labels", output_labels(labels),
        ".Label", labels);
    if (row && secret &&
        field_set_string(row, "Driver", field_string(object, "Spec.Driver.Name"))) {
        json_decref(row);
        return err_no_memory(e);
    }
    return output_add_row(rows, row, e);
}

static int by_name(const void *a, const void *b)
{
    const json_t *const *x = a, *const *y = b;
    return strverscmp(field_string(*x, "Spec.Name"), field_string(*y, "Spec.Name"));
}

static int run_ls(struct cli *c, struct err *e)
{
    const struct payload_kind *kind = kind_of(c);
    bool secret = kind == &secrets;
    cleanup_buf struct buf path = BUF_INIT;
    cleanup_json json_t *objects = NULL, *rows = json_array();
    if (buf_append_str(&path, kind->path) || output_filters(&path, '?', &c->flags, NULL))
        return err_no_memory(e);
    int r = client_get(c->client, buf_str(&path), &objects, e);
    if (!r)
        r = output_sort(objects, by_name, e);
    for (size_t i = 0; i < json_array_size(objects) && !r; i++)
        r = add_row(secret, json_array_get(objects, i), rows, e);
    return r ? r : output_list(c, secret ? &secret_list : &config_list, rows, e);
}

/* ---- inspect, rm ---- */

static int fetch(struct cli *c, const char *name, json_t **out, struct err *e)
{
    cleanup_buf struct buf path = BUF_INIT;
    if (buf_append_str(&path, kind_of(c)->path) || path_printf(&path, "/%s", name))
        return err_no_memory(e);
    return client_get(c->client, buf_str(&path), out, e);
}

#define LABELS                                                                           \
    "{{- if .Spec.Labels}}\nLabels:\n{{- range $k, $v := .Spec.Labels}}\n"               \
    " - {{$k}}{{if $v}}={{$v}}{{end}}{{end}}{{end}}"

static const struct inspection secret_inspection = {
    .fetch = fetch,
    .pretty = "ID:              {{.ID}}\nName:              {{.Spec.Name}}\n" LABELS
              "\nDriver:            {{with .Spec.Driver}}{{.Name}}{{end}}\n"
              "Created at:        {{time .CreatedAt}}\nUpdated at:        {{time "
              ".UpdatedAt}}"};

static const struct inspection config_inspection = {
    .fetch = fetch,
    .pretty = "ID:\t\t\t{{.ID}}\nName:\t\t\t{{.Spec.Name}}\n" LABELS
              "\nCreated at:            \t{{time .CreatedAt}}\n"
              "Updated at:            \t{{time .UpdatedAt}}\nData:\n{{base64 "
              ".Spec.Data}}"};

static int run_inspect(struct cli *c, struct err *e)
{
    bool secret = kind_of(c) == &secrets;
    return output_inspect(c, secret ? &secret_inspection : &config_inspection, e);
}

static int run_rm(struct cli *c, struct err *e)
{
    return output_remove(c, kind_of(c)->path, e);
}

/* ---- the tables ---- */

#define FLAG_LABEL(help)                                                                 \
    {                                                                                    \
        "label", 'l', &flag_label, help, NULL, NULL                                      \
    }
#define FLAG_TEMPLATE_DRIVER                                                             \
    {                                                                                    \
        "template-driver", 0, &flag_string, "Template driver", NULL, NULL                \
    }

static const struct flag secret_create_flags[] = {
    {"driver", 'd', &flag_string, "Secret driver", NULL, NULL},
    FLAG_LABEL("Secret labels"),
    FLAG_TEMPLATE_DRIVER,
    {0},
};
static const struct flag config_create_flags[] = {
    FLAG_LABEL("Config labels"), FLAG_TEMPLATE_DRIVER, {0}};
static const struct flag ls_flags[] = {FLAG_FILTER, FLAG_FORMAT, FLAG_QUIET, {0}};
static const struct flag inspect_flags[] = {FLAG_FORMAT_INSPECT, FLAG_PRETTY, {0}};

const struct command payload_secret_commands[] = {
    {"create", NULL, "[OPTIONS] SECRET [file|-]",
     "Create a secret from a file or STDIN as content", 1, 2, false, TAKES_FILES,
     secret_create_flags, run_create},
    {"inspect", NULL, "[OPTIONS] SECRET [SECRET...]",
     "Display detailed information on one or more secrets", 1, -1, false, TAKES_SECRETS,
     inspect_flags, run_inspect},
    {"ls", "list", "[OPTIONS]", "List secrets", 0, 0, false, TAKES_NOTHING, ls_flags,
     run_ls},
    {"rm", "remove", "SECRET [SECRET...]", "Remove one or more secrets", 1, -1, false,
     TAKES_SECRETS, NULL, run_rm},
    {0},
};

const struct command payload_config_commands[] = {
    {"create", NULL, "[OPTIONS] CONFIG file|-", "Create a config from a file or STDIN", 2,
     2, false, TAKES_FILES, config_create_flags, run_create},
    {"inspect", NULL, "[OPTIONS] CONFIG [CONFIG...]",
     "Display detailed information on one or more configs", 1, -1, false, TAKES_CONFIGS,
     inspect_flags, run_inspect},
    {"ls", "list", "[OPTIONS]", "List configs", 0, 0, false, TAKES_NOTHING, ls_flags,
     run_ls},
    {"rm", "remove", "CONFIG [CONFIG...]", "Remove one or more configs", 1, -1, false,
     TAKES_CONFIGS, NULL, run_rm},
    {0},
};
