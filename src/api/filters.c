/* SPDX-License-Identifier: Apache-2.0 */
#include "api/filters.h"

#include "base/str.h"

void api_filters_deinit(struct api_filters *f)
{
    json_decref(f->keys);
    f->keys = NULL;
}

static int no_list(struct err *e)
{
    return err_set(e, ERR_INVALID_ARGUMENT,
                   "invalid filters: each key needs a list or an object of strings");
}

/* One key's values, from either form, as a list. */
static int read_values(json_t *values, json_t **out, struct err *e)
{
    cleanup_json json_t *list = json_array();
    int failed = !list;
    if (json_is_array(values)) {
        for (size_t i = 0; i < json_array_size(values) && !failed; i++) {
            if (!json_is_string(json_array_get(values, i)))
                return no_list(e);
            failed = json_array_append(list, json_array_get(values, i));
        }
    } else if (json_is_object(values)) {
        for (void *at = json_object_iter(values); at && !failed;
             at = json_object_iter_next(values, at))
            failed = json_array_append_new(list, json_string(json_object_iter_key(at)));
    } else {
        return no_list(e);
    }
    if (failed)
        return err_no_memory(e);
    *out = TAKE(list);
    return 0;
}

static bool is_allowed(const char *key, const char *const *allowed)
{
    for (; allowed && *allowed; allowed++)
        if (str_equal(key, *allowed))
            return true;
    return !allowed;
}

static int read_keys(json_t *j, json_t *keys, const char *const *allowed, struct err *e)
{
    for (void *at = json_object_iter(j); at; at = json_object_iter_next(j, at)) {
        json_t *list = NULL;
        const char *key = json_object_iter_key(at);
        if (!is_allowed(key, allowed))
            return err_set(e, ERR_INVALID_ARGUMENT, "Invalid filter '%s'", key);
        int r = read_values(json_object_iter_value(at), &list, e);
        if (r)
            return r;
        if (json_object_set_new(keys, key, list))
            return err_no_memory(e);
    }
    return 0;
}

static int parse(const char *text, json_t **out, struct err *e)
{
    struct err why = {0};
    int r = api_json_parse(text, strlen(text), out, &why);
    bool ends_early = str_equal(why.text, "unexpected EOF") || str_equal(why.text, "EOF");
    if (r)
        return err_set(e, r, "%s",
                       ends_early ? "unexpected end of JSON input" : err_text(&why));
    return 0;
}

int api_filters_parse(struct api_filters *f, const char *text, const char *const *allowed,
                      struct err *e)
{
    cleanup_json json_t *j = NULL;
    *f = (struct api_filters)API_FILTERS_INIT;
    if (str_is_empty(text))
        return 0;
    int r = parse(text, &j, e);
    if (r)
        return r;
    if (json_is_null(j))
        return 0;
    if (!json_is_object(j))
        return no_list(e);
    f->keys = json_object();
    if (!f->keys)
        return err_no_memory(e);
    r = read_keys(j, f->keys, allowed, e);
    if (r)
        api_filters_deinit(f);
    return r;
}

bool api_filters_has(const struct api_filters *f, const char *key)
{
    return api_filters_count(f, key) > 0;
}

size_t api_filters_count(const struct api_filters *f, const char *key)
{
    return json_array_size(json_object_get(f->keys, key));
}

const char *api_filters_value(const struct api_filters *f, const char *key, size_t i)
{
    return json_string_value(json_array_get(json_object_get(f->keys, key), i));
}

bool api_filters_match(const struct api_filters *f, const char *key, const char *value)
{
    size_t n = api_filters_count(f, key);
    for (size_t i = 0; i < n; i++)
        if (str_equal(value, api_filters_value(f, key, i)))
            return true;
    return n == 0;
}

bool api_filters_match_prefix(const struct api_filters *f, const char *key,
                              const char *value)
{
    size_t n = api_filters_count(f, key);
    for (size_t i = 0; i < n; i++)
        if (str_starts_with(value, api_filters_value(f, key, i)))
            return true;
    return n == 0;
}

/* "key", or "key=value". */
static bool has_label(const char *wanted, size_t n, Swarm__Pair *const *labels)
{
    size_t key_len = strcspn(wanted, "=");
    for (size_t i = 0; i < n; i++)
        if (strncmp(labels[i]->key, wanted, key_len) == 0 && !labels[i]->key[key_len] &&
            (!wanted[key_len] || str_equal(labels[i]->value, wanted + key_len + 1)))
            return true;
    return false;
}

bool api_filters_match_labels(const struct api_filters *f, const char *key, size_t n,
                              Swarm__Pair *const *labels)
{
    size_t wanted = api_filters_count(f, key);
    for (size_t i = 0; i < wanted; i++)
        if (!has_label(api_filters_value(f, key, i), n, labels))
            return false;
    return true;
}

int api_filters_add(struct object_list *l, const struct object *o)
{
    if (l->len == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 16;
        const struct object **objects = reallocarray(l->objects, cap, sizeof(*objects));
        if (!objects)
            return ERR_NO_MEMORY;
        l->objects = objects;
        l->cap = cap;
    }
    l->objects[l->len++] = object_ref(o);
    return 0;
}

int api_filters_select(const struct object_list *all, const struct api_filters *f,
                       bool (*is_match)(const struct api_filters *f,
                                        const struct object *o),
                       struct object_list *out, struct err *e)
{
    for (size_t i = 0; i < all->len; i++)
        if (is_match(f, all->objects[i]) && api_filters_add(out, all->objects[i]))
            return err_no_memory(e);
    return 0;
}
