/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/docker_json.h"

#include <string.h>

#include "base/str.h"

int docker_json_put(json_t *o, const char *key, json_t *value)
{
    return json_object_set_new_nocheck(o, key, value) ? ERR_NO_MEMORY : 0;
}

int docker_json_append(json_t *array, json_t *value)
{
    return json_array_append_new(array, value) ? ERR_NO_MEMORY : 0;
}

int docker_json_put_string(json_t *o, const char *key, const char *value)
{
    if (!json_is_text(key) || !json_is_text(value))
        return ERR_INVALID_ARGUMENT;
    return docker_json_put(o, key, json_string_nocheck(value));
}

int docker_json_append_string(json_t *array, const char *value)
{
    if (!json_is_text(value))
        return ERR_INVALID_ARGUMENT;
    return docker_json_append(array, json_string_nocheck(value));
}

int docker_json_put_text(json_t *o, const char *key, const char *value)
{
    return str_is_empty(value) ? 0 : docker_json_put_string(o, key, value);
}

int docker_json_put_number(json_t *o, const char *key, int64_t value)
{
    return value ? docker_json_put(o, key, json_integer(value)) : 0;
}

int docker_json_put_true(json_t *o, const char *key, bool value)
{
    return value ? docker_json_put(o, key, json_true()) : 0;
}

int docker_json_put_texts(json_t *o, const char *key, size_t n, char *const *values)
{
    if (!n)
        return 0;
    json_t *array = json_array();
    int r = docker_json_put(o, key, array);
    for (size_t i = 0; i < n && !r; i++)
        r = docker_json_append_string(array, values[i]);
    return r;
}

int docker_json_put_pairs(json_t *o, const char *key, size_t n, Swarm__Pair *const *pairs)
{
    if (!n)
        return 0;
    json_t *object = json_object();
    int r = docker_json_put(o, key, object);
    for (size_t i = 0; i < n && !r; i++)
        r = docker_json_put_string(object, pairs[i]->key, pairs[i]->value);
    return r;
}

json_t *docker_json_object(const json_t *o, const char *key)
{
    json_t *child = json_object_get(o, key);
    return json_is_object(child) ? child : NULL;
}

const char *docker_json_text(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

int64_t docker_json_number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

int docker_json_read_text(const json_t *o, const char *key, size_t max, const char **out,
                          struct err *e)
{
    const char *text = docker_json_text(o, key);
    if (strlen(text) > max)
        return err_set(e, ERR_BAD_MESSAGE, "the engine's answer: %s is too long", key);
    *out = text;
    return 0;
}

int docker_json_read_int(const json_t *o, const char *key, int64_t min, int64_t max,
                         int64_t *out, struct err *e)
{
    int64_t value = docker_json_number(o, key);
    if (value < min || value > max)
        return err_set(e, ERR_BAD_MESSAGE, "the engine's answer: %s is out of range",
                       key);
    *out = value;
    return 0;
}
