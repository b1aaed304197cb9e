/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fields.h"

#include <string.h>

#include "base/err.h"

/* The longest path of a field, in characters. */
#define FIELD_PATH_MAX 128

/* Splits the last name off a path: "A.B.C" to "A.B" and "C". False when there is but one
 * name. */
static bool split_last(const char *path, char parent[FIELD_PATH_MAX], const char **last)
{
    const char *dot = strrchr(path, '.');
    *last = dot ? dot + 1 : path;
    if (!dot)
        return false;
    snprintf(parent, FIELD_PATH_MAX, "%.*s", (int)(dot - path), path);
    return true;
}

json_t *field_get(const json_t *j, const char *path)
{
    char parent[FIELD_PATH_MAX];
    const char *last;
    if (split_last(path, parent, &last))
        j = field_get(j, parent);
    return json_object_get(j, last);
}

const char *field_string(const json_t *j, const char *path)
{
    const char *s = json_string_value(field_get(j, path));
    return s ? s : "";
}

int64_t field_int(const json_t *j, const char *path)
{
    return json_integer_value(field_get(j, path));
}

bool field_bool(const json_t *j, const char *path)
{
    return json_is_true(field_get(j, path));
}

bool field_has(const json_t *j, const char *path)
{
    const json_t *value = field_get(j, path);
    if (json_is_object(value))
        return json_object_size(value) > 0;
    if (json_is_array(value))
        return json_array_size(value) > 0;
    return value && !json_is_null(value);
}

json_t *field_object(json_t *j, const char *path)
{
    char parent[FIELD_PATH_MAX];
    const char *last;
    if (split_last(path, parent, &last))
        j = field_object(j, parent);
    json_t *found = json_object_get(j, last);
    if (json_is_object(found) || !j)
        return found;
    found = json_object();
    return json_object_set_new(j, last, found) ? NULL : found;
}

json_t *field_array(json_t *j, const char *path)
{
    json_t *found = field_get(j, path);
    if (json_is_array(found))
        return found;
    found = json_array();
    return field_set(j, path, found) ? NULL : found;
}

int field_set(json_t *j, const char *path, json_t *value)
{
    char parent[FIELD_PATH_MAX];
    const char *last;
    if (split_last(path, parent, &last))
        j = field_object(j, parent);
    return json_object_set_new(j, last, value) ? ERR_NO_MEMORY : 0;
}

int field_set_string(json_t *j, const char *path, const char *s)
{
    return field_set(j, path, json_string(s));
}

int field_set_int(json_t *j, const char *path, int64_t n)
{
    return field_set(j, path, json_integer(n));
}

int field_set_bool(json_t *j, const char *path, bool b)
{
    return field_set(j, path, json_boolean(b));
}

void field_remove(json_t *j, const char *path)
{
    char parent[FIELD_PATH_MAX];
    const char *last;
    if (split_last(path, parent, &last))
        j = field_get(j, parent);
    json_object_del(j, last);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **field_sorted_keys(const json_t *object, size_t *n)
{
    *n = json_object_size(object);
    const char **keys = *n ? calloc(*n, sizeof(*keys)) : NULL;
    if (!keys)
        return NULL;
    size_t i = 0;
    json_t *o = (json_t *)(uintptr_t)object;
    for (void *at = json_object_iter(o); at; at = json_object_iter_next(o, at))
        keys[i++] = json_object_iter_key(at);
    qsort(keys, *n, sizeof(*keys), compare_keys);
    return keys;
}
