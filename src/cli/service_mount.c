/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/str.h"
#include "cli/service_spec.h"
#include "cli/split.h"
#include "cli/values.h"

enum kind {
    TEXT,
    SWITCH,
    BYTES,
    MODE,
    PAIR
};

/* The keys of --mount. */
static const struct rule {
    const char *key;
    enum kind kind;
    const char *path;

} rules[] = {
    {"type", TEXT, "Type"},
    {"source", TEXT, "Source"},
    {"src", TEXT, "Source"},
    {"target", TEXT, "Target"},
    {"dst", TEXT, "Target"},
    {"destination", TEXT, "Target"},
    {"readonly", SWITCH, "ReadOnly"},
    {"ro", SWITCH, "ReadOnly"},
    {"consistency", TEXT, "Consistency"},
    {"bind-propagation", TEXT, "BindOptions.Propagation"},
    {"bind-nonrecursive", SWITCH, "BindOptions.NonRecursive"},
    {"volume-nocopy", SWITCH, "VolumeOptions.NoCopy"},
    {"volume-label", PAIR, "VolumeOptions.Labels"},
    {"volume-driver", TEXT, "VolumeOptions.DriverConfig.Name"},
    {"volume-opt", PAIR, "VolumeOptions.DriverConfig.Options"},
    {"tmpfs-size", BYTES, "TmpfsOptions.SizeBytes"},
    {"tmpfs-mode", MODE, "TmpfsOptions.Mode"},
};

static const struct rule *find_rule(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (str_equal_nocase(rules[i].key, key))
            return &rules[i];
    return NULL;
}

static int invalid(const struct split_pair *pair, struct err *e)
{
    return err_set(e, ERR_INVALID_ARGUMENT, "invalid value for %s: %s", pair->key,
                   pair->value ? pair->value : "");
}

static int set_number(json_t *mount, const struct rule *rule,
                      const struct split_pair *pair, struct err *e)
{
    int64_t n = 0;
    uint32_t mode = 0;
    int r = rule->kind == BYTES ? value_bytes(pair->value, &n, NULL)
                                : value_mode(pair->value, &mode, NULL);
    if (r)
        return invalid(pair, e);
    r = field_set_int(mount, rule->path, rule->kind == BYTES ? n : mode);
    return r ? err_no_memory(e) : 0;
}

static int set_pair(json_t *mount, const struct rule *rule, const struct split_pair *pair,
                    struct err *e)
{
    size_t n = strcspn(pair->value, "=");
    const char *value = pair->value[n] ? pair->value + n + 1 : "";
    json_t *map = field_object(mount, rule->path);
    if (!n)
        return invalid(pair, e);
    return json_object_setn_new(map, pair->value, n, json_string(value))
               ? err_no_memory(e)
               : 0;
}

static int set_field(json_t *mount, const struct rule *rule,
                     const struct split_pair *pair, struct err *e)
{
    bool on = true;
    switch (rule->kind) {
    case TEXT:
        return field_set_string(mount, rule->path, pair->value) ? err_no_memory(e) : 0;
    case SWITCH:
        if (pair->value && value_bool(pair->value, &on, NULL))
            return invalid(pair, e);
        return field_set_bool(mount, rule->path, on) ? err_no_memory(e) : 0;
    case PAIR:
        return set_pair(mount, rule, pair, e);
    default:
        return set_number(mount, rule, pair, e);
    }
}

static int check_options(const json_t *mount, struct err *e)
{
    static const char *const options[][2] = {
        {"BindOptions", "bind"}, {"VolumeOptions", "volume"}, {"TmpfsOptions", "tmpfs"}};
    const char *type = field_string(mount, "Type");
    if (!field_has(mount, "Target") || !*field_string(mount, "Target"))
        return err_set(e, ERR_INVALID_ARGUMENT, "target is required");
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        if (json_object_get(mount, options[i][0]) && !str_equal(type, options[i][1]))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "cannot mix '%s-*' options with mount type '%s'",
                           options[i][1], type);
    return 0;
}

static int parse(json_t *mount, const char *text, struct err *e)
{
    cleanup_buf struct buf field = BUF_INIT;
    int r = field_set_string(mount, "Type", "volume") ? err_no_memory(e) : 0;
    for (const char *s = text; s && !r;) {
        struct split_pair pair;
        r = split_csv(&s, &field, e);
        if (r)
            return r;
        split_pair(&field, &pair);
        const struct rule *rule = find_rule(pair.key);
        if (!pair.value && !(rule && rule->kind == SWITCH))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "invalid field '%s' must be a key=value pair", pair.key);
        r = rule ? set_field(mount, rule, &pair, e)
                 : err_set(e, ERR_INVALID_ARGUMENT, "unexpected key '%s' in '%s'",
                           pair.key, buf_str(&field));
    }
    return r ? r : check_options(mount, e);
}

int spec_parse_mount(const char *text, json_t **out, struct err *e)
{
    json_t *mount = json_object();
    int r = mount ? parse(mount, text, e) : err_no_memory(e);
    if (r)
        json_decref(mount);
    else
        *out = mount;
    return r;
}
