/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/kv.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "resolver/secret_id.h"
#include "json/json.h"

#define DEFAULT_FIELD "value"

/* One request of a client, under way. */
struct search {
    const struct vault_kv *kv;
    const struct pattern *pattern;
    const struct waiter *w;
    struct secret_envelopes *out;
    size_t requests, bytes;
    struct err denied; /* the first of its requests that was; its code is 0 before */
};

/* ---- a secret of Vault's to envelopes ---- */

static int set_value(struct secret_envelope *to, const json_t *value, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    if (json_is_string(value))
        return secret_envelope_set_value(to, json_string_value(value),
                                         json_string_length(value), e);
    if (json_write(value, &text))
        return err_no_memory(e);
    return secret_envelope_set_value(to, text.data, text.len, e);
}

static void set_times(struct secret_envelope *to, const json_t *metadata)
{
    const char *created = json_string_value(json_object_get(metadata, "created_time"));
    const char *ends = json_string_value(json_object_get(metadata, "deletion_time"));
    int64_t at;
    if (created && clock_parse_rfc3339(created, &at))
        to->created_at = secret_time_from_clock(at);
    if (ends && clock_parse_rfc3339(ends, &at))
        to->expires_at = secret_time_from_clock(at);
}

static int set_metadata(struct secret_envelope *to, const json_t *metadata, struct err *e)
{
    json_t *custom = json_object_get(metadata, "custom_metadata"), *value;
    const json_t *version = json_object_get(metadata, "version");
    const char *key;
    char text[24] = "";
    if (json_is_integer(version))
        snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(version));
    set_times(to, metadata);
    int r = secret_envelope_set_version(to, text, e);
    json_object_foreach(custom, key, value)
    {
        if (!r && json_is_string(value))
            r = secret_envelope_put(to, key, json_string_value(value), e);
    }
    return r;
}

static bool has_id(const struct secret_envelopes *list, const char *id)
{
    for (size_t i = 0; i < list->len; i++)
        if (str_equal(list->items[i].id, id))
            return true;
    return false;
}

static int count_bytes(struct search *s, size_t n, struct err *e)
{
    s->bytes += n;
    if (s->bytes <= VAULT_BYTES_MAX)
        return 0;
    return err_set(e, ERR_RESOURCE_EXHAUSTED, "%s has values of more than %zu bytes",
                   s->pattern->text, VAULT_BYTES_MAX);
}

/* Appends one field under an id, if that is one and was asked for. Fields come before the
 * secrets below them, so that the first of an id counts. */
static int append(struct search *s, const char *id, const json_t *value,
                  const json_t *metadata, struct err *e)
{
    cleanup_secret_envelope struct secret_envelope envelope = {0};
    if (!secret_id_is_valid(id) || !pattern_match(s->pattern, id) || has_id(s->out, id))
        return 0;
    int r = secret_envelope_set_id(&envelope, id, e);
    if (!r)
        r = set_value(&envelope, value, e);
    if (!r)
        r = count_bytes(s, envelope.value.len, e);
    if (!r)
        r = set_metadata(&envelope, metadata, e);
    return r ? r : secret_envelopes_append(s->out, &envelope, e);
}

/* ---- reading ---- */

static int too_many(const struct search *s, struct err *e)
{
    return err_set(e, ERR_RESOURCE_EXHAUSTED,
                   "%s needs more than %d requests of Vault; narrow it", s->pattern->text,
                   VAULT_REQUESTS_MAX);
}

static int count_request(struct search *s, struct err *e)
{
    return s->requests++ < VAULT_REQUESTS_MAX ? 0 : too_many(s, e);
}

/* The "data" of a secret's answer: its fields and what is known of them. A version that
 * was deleted has no fields. */
static int read_secret(struct search *s, const char *path, json_t **out, struct err *e)
{
    cleanup_free char *whole = str_format("%s/data/%s", s->kv->mount, path);
    if (!whole)
        return err_no_memory(e);
    int r = count_request(s, e);
    return r ? r : vault_client_read(s->kv->client, whole, s->w, out, e);
}

/* The id of a path, or of a field of it. */
static char *id_of(const struct vault_kv *kv, const char *path, const char *field)
{
    return str_format("%s/%s%s%s", kv->prefix, path, field ? "/" : "",
                      field ? field : "");
}

static int append_as(struct search *s, const char *path, const char *field,
                     const json_t *value, const json_t *metadata, struct err *e)
{
    cleanup_free char *id = id_of(s->kv, path, field);
    return id ? append(s, id, value, metadata, e) : err_no_memory(e);
}

static int append_all(struct search *s, const char *path, const json_t *secret,
                      struct err *e)
{
    const json_t *metadata = json_object_get(secret, "metadata");
    json_t *fields = json_object_get(secret, "data"), *value;
    const char *field;
    int r = 0;
    json_object_foreach(fields, field, value)
    {
        if (!r && !strchr(field, '/'))
            r = append_as(s, path, field, value, metadata, e);
        if (!r && str_equal(field, DEFAULT_FIELD))
            r = append_as(s, path, NULL, value, metadata, e);
    }
    return r;
}

/* ---- an id ---- */

/* Does a path have a component that a server could take for a step upward? */
static bool has_dots(const char *path)
{
    for (const char *at = path; *at; at += strspn(at, "/")) {
        size_t n = strcspn(at, "/");
        if ((n == 1 && *at == '.') || (n == 2 && at[0] == '.' && at[1] == '.'))
            return true;
        at += n;
    }
    return false;
}

/* The field of a path, under the id that was asked for. */
static int get_field(struct search *s, const char *path, const char *field, struct err *e)
{
    cleanup_json json_t *secret = NULL;
    int r = read_secret(s, path, &secret, e);
    if (r)
        return r;
    const json_t *value = json_object_get(json_object_get(secret, "data"), field);
    if (!value)
        return err_set(e, ERR_NOT_FOUND, "secret not found");
    return append(s, s->pattern->text, value, json_object_get(secret, "metadata"), e);
}

/* What is said when neither a field nor a secret of its own is there, or can be seen. */
static int neither(int first, const struct err *why, int second, const struct err *also,
                   struct err *e)
{
    bool is_denied = first == ERR_PERMISSION_DENIED || second == ERR_PERMISSION_DENIED;
    return err_set(e, is_denied ? ERR_PERMISSION_DENIED : ERR_NOT_FOUND, "%.450s; %.450s",
                   err_text(why), err_text(also));
}

static bool is_absent(int r)
{
    return r == ERR_NOT_FOUND || r == ERR_PERMISSION_DENIED;
}

/* A policy may allow one of the two only, and what it doesn't allow is refused whether it
 * is there or not. */
static int get_id(struct search *s, const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    struct err why, also;
    if (has_dots(path))
        return err_set(e, ERR_NOT_FOUND, "secret not found");
    if (!slash)
        return get_field(s, path, DEFAULT_FIELD, e);
    cleanup_free char *folder = mem_dup(path, (size_t)(slash - path));
    if (!folder)
        return err_no_memory(e);
    int first = get_field(s, folder, slash + 1, &why);
    if (!is_absent(first))
        return first ? err_set(e, first, "%s", err_text(&why)) : 0;
    int second = get_field(s, path, DEFAULT_FIELD, &also);
    if (!is_absent(second))
        return second ? err_set(e, second, "%s", err_text(&also)) : 0;
    return neither(first, &why, second, &also, e);
}

/* ---- a pattern ---- */

/* May something at or below this path be asked for? */
static int may_match(const struct search *s, const char *path, bool *may, struct err *e)
{
    cleanup_pattern struct pattern below = PATTERN_INIT;
    cleanup_free char *text = id_of(s->kv, path, "**");
    int r = text ? pattern_parse(&below, text, strlen(text), NULL) : ERR_NO_MEMORY;
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    *may = !r && pattern_intersects(s->pattern, &below);
    return 0;
}

/* Within a pattern, what is deleted, was removed meanwhile or may not be seen isn't
 * there. */
static int pass_over(struct search *s, int r, const struct err *why, struct err *e)
{
    if (r == ERR_PERMISSION_DENIED && !s->denied.code)
        s->denied = *why;
    return !r || is_absent(r) ? 0 : err_set(e, r, "%s", err_text(why));
}

static int read_leaf(struct search *s, const char *path, struct err *e)
{
    cleanup_json json_t *secret = NULL;
    struct err why;
    bool may = false;
    int r = may_match(s, path, &may, e);
    if (r || !may)
        return r;
    r = read_secret(s, path, &secret, &why);
    return r ? pass_over(s, r, &why, e) : append_all(s, path, secret, e);
}

static int list_folder(struct search *s, const char *path, json_t **keys, struct err *e)
{
    cleanup_json json_t *data = NULL;
    cleanup_free char *whole =
        str_format("%s/metadata%s%s", s->kv->mount, *path ? "/" : "", path);
    if (!whole)
        return err_no_memory(e);
    int r = count_request(s, e);
    if (!r)
        r = vault_client_list(s->kv->client, whole, s->w, &data, e);
    if (!r)
        *keys = json_incref(json_object_get(data, "keys"));
    return r;
}

/* The folders that are still to be listed: a queue, so that depth costs no stack. */
struct folders {
    json_t *paths;
    size_t next;
};

static unsigned depth_of(const char *path)
{
    unsigned n = 0;
    for (; *path; path++)
        n += *path == '/';
    return n;
}

static int queue(struct search *s, struct folders *f, const char *path, struct err *e)
{
    if (json_array_size(f->paths) >= VAULT_REQUESTS_MAX)
        return too_many(s, e);
    return json_array_append_new(f->paths, json_string(path)) ? err_no_memory(e) : 0;
}

static int visit(struct search *s, struct folders *f, const char *folder, const char *key,
                 struct err *e)
{
    bool is_folder = str_ends_with(key, "/"), may;
    size_t n = strlen(key) - is_folder;
    if (n > SECRET_ID_MAX)
        return 0;
    cleanup_free char *path =
        str_format("%s%s%.*s", folder, *folder ? "/" : "", (int)n, key);
    if (!path)
        return err_no_memory(e);
    if (!secret_id_is_valid(path) || has_dots(path))
        return 0;
    if (!is_folder)
        return read_leaf(s, path, e);
    if (depth_of(path) >= VAULT_DEPTH_MAX)
        return 0;
    int r = may_match(s, path, &may, e);
    return r || !may ? r : queue(s, f, path, e);
}

static int visit_folder(struct search *s, struct folders *f, struct err *e)
{
    const char *folder = json_string_value(json_array_get(f->paths, f->next++));
    cleanup_json json_t *keys = NULL;
    struct err why;
    json_t *key;
    size_t i;
    int r = list_folder(s, folder, &keys, &why);
    if (r)
        return pass_over(s, r, &why, e);
    json_array_foreach(keys, i, key)
    {
        if (!r && json_is_string(key))
            r = visit(s, f, folder, json_string_value(key), e);
    }
    return r;
}

/* The path in Vault of the components before the first wildcard: what is to be listed. */
static char *literal_folder(const struct search *s)
{
    const char *text = s->pattern->text + strlen(s->kv->prefix);
    const char *star = strchr(text, '*');
    text += *text == '/';
    size_t n = star > text ? (size_t)(star - text) : 0;
    return mem_dup(text, n ? n - 1 : 0); /* without the slash at its end */
}

static int walk(struct search *s, const char *from, struct err *e)
{
    struct folders f = {.paths = json_pack("[s]", from)};
    int r = f.paths ? 0 : err_no_memory(e);
    while (!r && f.next < json_array_size(f.paths))
        r = visit_folder(s, &f, e);
    json_decref(f.paths);
    return r;
}

/* The folder itself as a field of the secret above it, if the pattern names that, too. */
static int read_above(struct search *s, const char *from, struct err *e)
{
    const char *slash = strrchr(from, '/');
    cleanup_free char *id = id_of(s->kv, from, NULL);
    cleanup_free char *above = slash ? mem_dup(from, (size_t)(slash - from)) : NULL;
    if (!id || (slash && !above))
        return err_no_memory(e);
    return above && pattern_match(s->pattern, id) ? read_leaf(s, above, e) : 0;
}

static int search_from(struct search *s, const char *from, struct err *e)
{
    int r = 0;
    if (has_dots(from))
        return 0;
    if (*from)
        r = read_above(s, from, e);
    if (!r && *from)
        r = read_leaf(s, from, e); /* its fields are one level below */
    if (!r)
        r = walk(s, from, e);
    if (!r && !s->out->len && s->denied.code)
        return err_set(e, s->denied.code, "%s", s->denied.text);
    return r;
}

static int get_pattern(struct search *s, struct err *e)
{
    size_t n = strlen(s->kv->prefix);
    bool has_prefix =
        str_starts_with(s->pattern->text, s->kv->prefix) && s->pattern->text[n] == '/';
    cleanup_free char *from = has_prefix ? literal_folder(s) : mem_dup("", 0);
    return from ? search_from(s, from, e) : err_no_memory(e);
}

int vault_kv_check(const struct vault_kv *kv, struct err *e)
{
    if (!secret_id_is_valid(kv->prefix))
        return err_set(e, ERR_INVALID_ARGUMENT, "`prefix`: \"%s\" can't begin an id",
                       kv->prefix);
    if (!secret_id_is_valid(kv->mount) || has_dots(kv->mount))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "`mount` must be a path without slashes at its ends");
    return 0;
}

int vault_kv_get(const struct vault_kv *kv, const struct pattern *pattern,
                 const struct waiter *w, struct secret_envelopes *out, struct err *e)
{
    struct search s = {.kv = kv, .pattern = pattern, .w = w, .out = out};
    size_t n = strlen(kv->prefix);
    if (!pattern_is_id(pattern))
        return get_pattern(&s, e);
    if (!str_starts_with(pattern->text, kv->prefix) || pattern->text[n] != '/')
        return err_set(e, ERR_NOT_FOUND, "secret not found");
    return get_id(&s, pattern->text + n + 1, e);
}
