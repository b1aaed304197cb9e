/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/service_spec.h"
#include "cli/values.h"

/*
 * Lists and maps of a spec. A kind says how a flag's text becomes an element, and what of
 * an element is its key: adding replaces the element with the same key, removing takes
 * the one with this key away.
 */
struct list_kind {
    int (*make)(const char *text, json_t **out, struct err *e);
    /* The key of an element: where it begins, and its length. */
    const char *(*key)(const json_t *element, size_t *n);
};

static int make_text(const char *text, json_t **out, struct err *e)
{
    *out = json_string(text);
    return *out ? 0 : err_no_memory(e);
}

static const char *key_whole(const json_t *element, size_t *n)
{
    const char *s = json_string_value(element);
    *n = s ? strlen(s) : 0;
    return s ? s : "";
}

static const char *key_before_equals(const json_t *element, size_t *n)
{
    const char *s = key_whole(element, n);
    *n = strcspn(s, "=");
    return s;
}

/* A name alone takes the value that it has in our own environment; one that we don't have
 * takes the image's variable away. */
static int make_variable(const char *text, json_t **out, struct err *e)
{
    if (!*text || *text == '=')
        return err_set(e, ERR_INVALID_ARGUMENT, "invalid environment variable: %s", text);
    const char *value = strchr(text, '=') ? NULL : getenv(text);
    *out = value ? json_sprintf("%s=%s", text, value) : json_string(text);
    return *out ? 0 : err_no_memory(e);
}

/* "NAME:IP" is stored as "IP NAME". */
static int make_host(const char *text, json_t **out, struct err *e)
{
    size_t n = strcspn(text, ":=");
    if (n == 0 || !text[n] || !text[n + 1])
        return err_set(e, ERR_INVALID_ARGUMENT, "bad format for add-host: \"%s\"", text);
    *out = json_sprintf("%s %.*s", text + n + 1, (int)n, text);
    return *out ? 0 : err_no_memory(e);
}

static const char *key_host(const json_t *element, size_t *n)
{
    const char *s = key_whole(element, n);
    const char *blank = strchr(s, ' ');
    s = blank ? blank + 1 : s;
    *n = strlen(s);
    return s;
}

/* "NAME=SOFT[:HARD]" */
static int make_ulimit(const char *text, json_t **out, struct err *e)
{
    char soft[32];
    int64_t low = 0, high = 0;
    size_t n = strcspn(text, "=");
    const char *values = text[n] ? text + n + 1 : "";
    const char *colon = strchr(values, ':');
    snprintf(soft, sizeof(soft), "%.*s", (int)strcspn(values, ":"), values);
    if (!n || value_int(soft, &low, NULL) ||
        value_int(colon ? colon + 1 : soft, &high, NULL))
        return err_set(e, ERR_INVALID_ARGUMENT, "invalid ulimit argument: %s", text);
    if (high >= 0 && low > high)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "ulimit soft limit must be less than or equal to hard limit: "
                       "%lld > %lld",
                       (long long)low, (long long)high);
    *out = json_pack("{s:s%, s:I, s:I}", "Name", text, n, "Hard", (json_int_t)high,
                     "Soft", (json_int_t)low);
    return *out ? 0 : err_no_memory(e);
}

static const char *key_name(const json_t *element, size_t *n)
{
    const char *s = field_string(element, "Name");
    *n = strlen(s);
    return s;
}

static const char *key_target(const json_t *element, size_t *n)
{
    const char *s = field_string(element, "Target");
    *n = strlen(s);
    return s;
}

/* The networks that there are need no more than their names. */
static int make_network(const char *text, json_t **out, struct err *e)
{
    if (!*text || strpbrk(text, "=,"))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "invalid network '%s': give just its name", text);
    *out = json_pack("{s:s}", "Target", text);
    return *out ? 0 : err_no_memory(e);
}

/* "spread=node.labels.zone" */
static int make_preference(const char *text, json_t **out, struct err *e)
{
    static const char spread[] = "spread=";
    if (!str_starts_with(text, spread))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "unsupported placement preference: %s (only spread=... is "
                       "supported)",
                       text);
    *out = json_pack("{s:{s:s}}", "Spread", "SpreadDescriptor", text + strlen(spread));
    return *out ? 0 : err_no_memory(e);
}

static const char *key_preference(const json_t *element, size_t *n)
{
    const char *s = field_string(element, "Spread.SpreadDescriptor");
    *n = strlen(s);
    return s;
}

static const struct list_kind plain = {make_text, key_whole};
static const struct list_kind variable = {make_variable, key_before_equals};
static const struct list_kind host = {make_host, key_host};
static const struct list_kind ulimit = {make_ulimit, key_name};
static const struct list_kind mount = {spec_parse_mount, key_target};
static const struct list_kind network = {make_network, key_target};
static const struct list_kind preference = {make_preference, key_preference};

static const struct list_rule {
    const char *flag;             /* of create; "-add" and "-rm" behind it for update */
    const struct list_kind *kind; /* NULL: a map of texts, by KEY[=VALUE] */
    const char *path;
} rules[] = {
    {"constraint", &plain, SPEC_TASK ".Placement.Constraints"},
    {"container-label", NULL, SPEC_CONTAINER ".Labels"},
    {"dns", &plain, SPEC_CONTAINER ".DNSConfig.Nameservers"},
    {"dns-option", &plain, SPEC_CONTAINER ".DNSConfig.Options"},
    {"dns-search", &plain, SPEC_CONTAINER ".DNSConfig.Search"},
    {"env", &variable, SPEC_CONTAINER ".Env"},
    {"group", &plain, SPEC_CONTAINER ".Groups"},
    {"host", &host, SPEC_CONTAINER ".Hosts"},
    {"label", NULL, "Labels"},
    {"log-opt", NULL, SPEC_TASK ".LogDriver.Options"},
    {"mount", &mount, SPEC_CONTAINER ".Mounts"},
    {"network", &network, SPEC_TASK ".Networks"},
    {"placement-pref", &preference, SPEC_TASK ".Placement.Preferences"},
    {"sysctl", NULL, SPEC_CONTAINER ".Sysctls"},
    {"ulimit", &ulimit, SPEC_CONTAINER ".Ulimits"},
};

/* ---- elements ---- */

static size_t find(const struct list_kind *kind, const json_t *array, const char *key,
                   size_t n)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        size_t len;
        const char *s = kind->key(json_array_get(array, i), &len);
        if (len == n && memcmp(s, key, n) == 0)
            return i;
    }
    return SIZE_MAX;
}

static int add_element(const struct list_rule *rule, json_t *spec, const char *text,
                       struct err *e)
{
    size_t n;
    cleanup_json json_t *element = NULL;
    int r = rule->kind->make(text, &element, e);
    if (r)
        return r;
    json_t *array = field_array(spec, rule->path);
    const char *key = rule->kind->key(element, &n);
    size_t at = find(rule->kind, array, key, n);
    bool failed = at == SIZE_MAX ? json_array_append(array, element)
                                 : json_array_set(array, at, element);
    return failed ? err_no_memory(e) : 0;
}

static int add_member(const struct list_rule *rule, json_t *spec, const char *text,
                      struct err *e)
{
    size_t n = strcspn(text, "=");
    const char *value = text[n] ? text + n + 1 : "";
    json_t *map = field_object(spec, rule->path);
    return json_object_setn_new(map, text, n, json_string(value)) ? err_no_memory(e) : 0;
}

static void remove_one(const struct list_rule *rule, json_t *spec, const char *key)
{
    json_t *all = field_get(spec, rule->path);
    if (!rule->kind) {
        json_object_del(all, key);
        return;
    }
    /* A variable or host may be given with its value too. */
    size_t n = rule->kind == &variable ? strcspn(key, "=")
               : rule->kind == &host   ? strcspn(key, ":")
                                       : strlen(key);
    if (rule->kind == &preference && str_starts_with(key, "spread=")) {
        key += strlen("spread=");
        n = strlen(key);
    }
    size_t at = find(rule->kind, all, key, n);
    if (at != SIZE_MAX)
        json_array_remove(all, at);
}

static int add_all(const struct list_rule *rule, json_t *spec, const struct flags *f,
                   const char *flag, struct err *e)
{
    const char *text;
    int r = 0;
    for (size_t i = 0; !r && (text = flags_next(f, flag, &i));)
        r = rule->kind ? add_element(rule, spec, text, e)
                       : add_member(rule, spec, text, e);
    return r;
}

static int apply(const struct list_rule *rule, json_t *spec, const struct flags *f,
                 struct err *e)
{
    char add[64], rm[64];
    const char *key;
    snprintf(add, sizeof(add), "%s-add", rule->flag);
    snprintf(rm, sizeof(rm), "%s-rm", rule->flag);
    int r = add_all(rule, spec, f, rule->flag, e);
    if (!r)
        r = add_all(rule, spec, f, add, e);
    for (size_t i = 0; !r && (key = flags_next(f, rm, &i));)
        remove_one(rule, spec, key);
    return r;
}

int spec_apply_lists(json_t *spec, const struct flags *f, struct err *e)
{
    int r = 0;
    if (flags_has(f, "log-opt") && !flags_has(f, "log-driver"))
        return err_set(e, ERR_INVALID_ARGUMENT, "--log-opt needs --log-driver");
    if (flags_has(f, "log-driver"))
        field_remove(spec, SPEC_TASK ".LogDriver.Options");
    for (size_t i = 0; i < ARRAY_SIZE(rules) && !r; i++)
        r = apply(&rules[i], spec, f, e);
    return r;
}

/* ---- the types of flags ---- */

static int check(const struct list_kind *kind, const char *text, struct err *e)
{
    cleanup_json json_t *element = NULL;
    return kind->make(text, &element, e);
}

static int check_mount(const char *text, struct err *e)
{
    return check(&mount, text, e);
}

static int check_ulimit(const char *text, struct err *e)
{
    return check(&ulimit, text, e);
}

static int check_variable(const char *text, struct err *e)
{
    return check(&variable, text, e);
}

static int check_host(const char *text, struct err *e)
{
    return check(&host, text, e);
}

static int check_network(const char *text, struct err *e)
{
    return check(&network, text, e);
}

static int check_preference(const char *text, struct err *e)
{
    return check(&preference, text, e);
}

const struct flag_type flag_mount = {"mount", check_mount};
const struct flag_type flag_ulimit = {"ulimit", check_ulimit};
const struct flag_type flag_variable = {"list", check_variable};
const struct flag_type flag_host = {"list", check_host};
const struct flag_type flag_network = {"network", check_network};
const struct flag_type flag_preference = {"pref", check_preference};
