/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/output.h"
#include "cli/service_spec.h"
#include "cli/split.h"
#include "cli/values.h"

#define MODE_DEFAULT 0444

/* How references to secrets and to configs differ. */
struct reference_kind {
    const char *word;       /* also the flag's beginning */
    const char *collection; /* of the API */
    const char *path;       /* in the spec */
    const char *id, *name;  /* of a reference */
};

static const struct reference_kind kinds[] = {
    {"secret", "/secrets", SPEC_CONTAINER ".Secrets", "SecretID", "SecretName"},
    {"config", "/configs", SPEC_CONTAINER ".Configs", "ConfigID", "ConfigName"},
};

/* ---- reading ---- */

static int set_mode(json_t *reference, const char *text, struct err *e)
{
    uint32_t mode;
    int r = value_mode(text, &mode, e);
    if (r)
        return r;
    return field_set_int(reference, "File.Mode", mode) ? err_no_memory(e) : 0;
}

static int set_field(const char *kind, json_t *reference, const struct split_pair *pair,
                     struct err *e)
{
    static const char *const texts[][2] = {{"source", "Source"},
                                           {"src", "Source"},
                                           {"target", "File.Name"},
                                           {"uid", "File.UID"},
                                           {"gid", "File.GID"}};
    if (!pair->value)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "invalid field '%s' must be a key=value pair", pair->key);
    if (str_equal(pair->key, "mode"))
        return set_mode(reference, pair->value, e);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (str_equal(pair->key, texts[i][0]))
            return field_set_string(reference, texts[i][1], pair->value)
                       ? err_no_memory(e)
                       : 0;
    return err_set(e, ERR_INVALID_ARGUMENT, "invalid field in %s request: %s", kind,
                   pair->key);
}

/* The short form is the source alone; the target is named like it. */
static int parse(const char *kind, json_t *reference, const char *text, struct err *e)
{
    cleanup_buf struct buf field = BUF_INIT;
    bool is_short = !strpbrk(text, "=,");
    int r = 0;
    for (const char *s = text; s && !r && !is_short;) {
        struct split_pair pair;
        r = split_csv(&s, &field, e);
        if (r)
            return r;
        split_pair(&field, &pair);
        r = set_field(kind, reference, &pair, e);
    }
    if (!r && is_short && field_set_string(reference, "Source", text))
        r = err_no_memory(e);
    if (!r && !*field_string(reference, "Source"))
        r = err_set(e, ERR_INVALID_ARGUMENT, "source is required");
    if (!r && !*field_string(reference, "File.Name") &&
        field_set_string(reference, "File.Name", field_string(reference, "Source")))
        r = err_no_memory(e);
    return r;
}

int spec_parse_reference(const char *kind, const char *text, json_t **out, struct err *e)
{
    cleanup_json json_t *reference =
        json_pack("{s:s, s:{s:s, s:s, s:s, s:i}}", "Source", "", "File", "Name", "",
                  "UID", "0", "GID", "0", "Mode", MODE_DEFAULT);
    int r = reference ? parse(kind, reference, text, e) : err_no_memory(e);
    if (!r)
        *out = TAKE(reference);
    return r;
}

/* ---- looking up ---- */

/* The objects whose names begin with those of the references. */
static int ask(const struct reference_kind *kind, const json_t *references,
               struct client *c, json_t **found, struct err *e)
{
    size_t n = json_array_size(references);
    cleanup_buf struct buf path = BUF_INIT;
    cleanup_free const char **pairs = calloc(n * 2 + 1, sizeof(*pairs));
    if (!pairs)
        return err_no_memory(e);
    for (size_t i = 0; i < n; i++) {
        pairs[2 * i] = "name";
        pairs[2 * i + 1] = field_string(json_array_get(references, i), "Source");
    }
    if (buf_append_str(&path, kind->collection) ||
        output_filters(&path, '?', NULL, pairs))
        return err_no_memory(e);
    return client_get(c, buf_str(&path), found, e);
}

static const char *id_of(const json_t *objects, const char *name)
{
    for (size_t i = 0; i < json_array_size(objects); i++) {
        const json_t *object = json_array_get(objects, i);
        if (str_equal(field_string(object, "Spec.Name"), name))
            return field_string(object, "ID");
    }
    return NULL;
}

/* The reference as the API has it. */
static int resolve(const struct reference_kind *kind, json_t *reference,
                   const json_t *objects, struct err *e)
{
    const char *name = field_string(reference, "Source");
    const char *id = id_of(objects, name);
    if (!id)
        return err_set(e, ERR_NOT_FOUND, "%s not found: %s", kind->word, name);
    if (field_set_string(reference, kind->id, id) ||
        field_set_string(reference, kind->name, name))
        return err_no_memory(e);
    field_remove(reference, "Source");
    return 0;
}

/* ---- applying ---- */

static int collect(const struct reference_kind *kind, const struct flags *f,
                   const char *flag, json_t *references, struct err *e)
{
    const char *text;
    for (size_t i = 0; (text = flags_next(f, flag, &i));) {
        json_t *reference = NULL;
        int r = spec_parse_reference(kind->word, text, &reference, e);
        if (r)
            return r;
        if (json_array_append_new(references, reference))
            return err_no_memory(e);
    }
    return 0;
}

static int refuse_double_targets(const struct reference_kind *kind, const json_t *all,
                                 struct err *e)
{
    for (size_t i = 0; i < json_array_size(all); i++)
        for (size_t k = 0; k < i; k++) {
            const json_t *one = json_array_get(all, i), *other = json_array_get(all, k);
            if (str_equal(field_string(one, "File.Name"),
                          field_string(other, "File.Name")))
                return err_set(e, ERR_INVALID_ARGUMENT,
                               "duplicate %s target for %s not allowed", kind->word,
                               field_string(one, "Source"));
        }
    return 0;
}

static void remove_named(const struct reference_kind *kind, json_t *spec,
                         const struct flags *f)
{
    char flag[32];
    const char *name;
    json_t *all = field_get(spec, kind->path);
    snprintf(flag, sizeof(flag), "%s-rm", kind->word);
    for (size_t i = 0; (name = flags_next(f, flag, &i));)
        for (size_t k = json_array_size(all); k-- > 0;)
            if (str_equal(field_string(json_array_get(all, k), kind->name), name))
                json_array_remove(all, k);
}

static int apply(const struct reference_kind *kind, json_t *spec, const struct flags *f,
                 struct client *c, struct err *e)
{
    char add[32];
    cleanup_json json_t *added = json_array(), *objects = NULL;
    snprintf(add, sizeof(add), "%s-add", kind->word);
    int r = added ? collect(kind, f, kind->word, added, e) : err_no_memory(e);
    if (!r)
        r = collect(kind, f, add, added, e);
    if (!r)
        r = refuse_double_targets(kind, added, e);
    remove_named(kind, spec, f);
    if (r || !json_array_size(added))
        return r;
    r = ask(kind, added, c, &objects, e);
    for (size_t i = 0; i < json_array_size(added) && !r; i++)
        r = resolve(kind, json_array_get(added, i), objects, e);
    if (!r && json_array_extend(field_array(spec, kind->path), added))
        r = err_no_memory(e);
    return r;
}

static int apply_references(json_t *spec, const struct flags *f, struct client *c,
                            struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < ARRAY_SIZE(kinds) && !r; i++)
        r = apply(&kinds[i], spec, f, c, e);
    return r;
}

/* ---- the types of flags ---- */

static int check_secret(const char *text, struct err *e)
{
    cleanup_json json_t *reference = NULL;
    return spec_parse_reference("secret", text, &reference, e);
}

static int check_config(const char *text, struct err *e)
{
    cleanup_json json_t *reference = NULL;
    return spec_parse_reference("config", text, &reference, e);
}

const struct flag_type flag_secret = {"secret", check_secret};
const struct flag_type flag_config = {"config", check_config};

int spec_apply_flags(json_t *spec, const struct flags *f, struct client *c, struct err *e)
{
    int r = spec_apply_scalars(spec, f, e);
    if (!r)
        r = spec_apply_lists(spec, f, e);
    if (!r)
        r = spec_apply_capabilities(spec, f, e);
    return r ? r : apply_references(spec, f, c, e);
}
