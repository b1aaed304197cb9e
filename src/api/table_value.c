/* SPDX-License-Identifier: Apache-2.0 */
/* Single values from JSON into a field of a message, each checked for its kind and
 * range. */
#include "api/table_decode.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#define PATH_SIZE 256

static void write_path(const struct table_path *path, char out[PATH_SIZE])
{
    char front[PATH_SIZE] = "";
    if (path->up)
        write_path(path->up, front);
    if (path->name)
        snprintf(out, PATH_SIZE, "%s%s%s", front, *front ? "." : "", path->name);
    else
        snprintf(out, PATH_SIZE, "%s[%zu]", front, path->index);
}

int table_target_refuse(const struct table_target *t, int code, const char *why)
{
    char where[PATH_SIZE];
    write_path(t->path, where);
    return err_set(t->e, code, "%s: %s", where, why);
}

int table_target_invalid(const struct table_target *t, const char *why)
{
    return table_target_refuse(t, ERR_INVALID_ARGUMENT, why);
}

void *table_target_value(const struct table_target *t)
{
    return (char *)t->message + t->field->offset;
}

size_t *table_target_count(const struct table_target *t)
{
    return (size_t *)(void *)((char *)t->message + t->field->quantifier_offset);
}

/* ---- plain values ---- */

static int decode_string(const struct table_target *t, json_t *j)
{
    if (!json_is_string(j))
        return table_target_invalid(t, "must be a string");
    if ((t->row->flags & API_KEEP) && !json_string_length(j))
        return 0;
    return message_set_string(table_target_value(t), json_string_value(j))
               ? err_no_memory(t->e)
               : 0;
}

static int decode_bytes(const struct table_target *t, json_t *j)
{
    ProtobufCBinaryData *bytes = table_target_value(t);
    if (!json_is_string(j))
        return table_target_invalid(t, "must be a string");
    const char *text = json_string_value(j);
    size_t n = json_string_length(j);
    if (t->row->flags & API_TEXT)
        return message_set_bytes(bytes, text, n) ? err_no_memory(t->e) : 0;
    uint8_t *data = NULL;
    size_t len = 0;
    int r = base64_decode(text, n, &data, &len, t->e);
    if (r)
        return r;
    mem_wipe_free(bytes->data);
    *bytes = (ProtobufCBinaryData){.len = len, .data = data};
    return 0;
}

static int decode_bool(const struct table_target *t, json_t *j)
{
    if (!json_is_boolean(j))
        return table_target_invalid(t, "must be true or false");
    *(protobuf_c_boolean *)table_target_value(t) = json_is_true(j);
    return 0;
}

static int read_number(const struct table_target *t, json_t *j, int64_t min, int64_t max,
                       int64_t *out)
{
    if (!json_is_integer(j))
        return table_target_invalid(t, "must be a whole number");
    int64_t value = json_integer_value(j);
    if (value < min || value > max)
        return table_target_invalid(t, "is out of range");
    *out = value;
    return 0;
}

static int decode_number(const struct table_target *t, json_t *j)
{
    bool is_wide = t->field->type == PROTOBUF_C_TYPE_INT64 ||
                   t->field->type == PROTOBUF_C_TYPE_UINT64;
    bool has_sign = t->field->type == PROTOBUF_C_TYPE_INT64 ||
                    t->field->type == PROTOBUF_C_TYPE_INT32;
    int64_t max = is_wide ? INT64_MAX : has_sign ? INT32_MAX : UINT32_MAX;
    int64_t min = !has_sign ? 0 : is_wide ? INT64_MIN : INT32_MIN;
    int64_t value = 0;
    int r = read_number(t, j, min, max, &value);
    if (r || (value == 0 && (t->row->flags & API_KEEP)))
        return r;
    if (is_wide)
        *(int64_t *)table_target_value(t) = value;
    else
        *(uint32_t *)table_target_value(t) = (uint32_t)value;
    return 0;
}

static int decode_float(const struct table_target *t, json_t *j)
{
    if (!json_is_number(j))
        return table_target_invalid(t, "must be a number");
    double value = json_number_value(j);
    if (value > 1e38 || value < -1e38)
        return table_target_invalid(t, "is out of range");
    *(float *)table_target_value(t) = (float)value;
    return 0;
}

static int decode_enum(const struct table_target *t, json_t *j)
{
    if (!json_is_string(j))
        return table_target_invalid(t, "must be a string");
    const char *word = json_string_value(j);
    int value = t->row->preset;
    if ((*word || (t->row->flags & API_REQUIRED)) &&
        !api_names_find(t->row->names, word, &value))
        return err_set(t->e, ERR_INVALID_ARGUMENT, "invalid %s: \"%s\"",
                       t->row->names->what, word);
    *(int *)table_target_value(t) = value;
    return 0;
}

/* ---- messages that are one value in JSON ---- */

static int decode_duration(const struct table_target *t, json_t *j)
{
    int64_t value = 0;
    int r = read_number(t, j, INT64_MIN, INT64_MAX, &value);
    if (r || (value == 0 && (t->row->flags & API_KEEP)))
        return r;
    return message_set_duration(table_target_value(t), value) ? err_no_memory(t->e) : 0;
}

static int decode_time(const struct table_target *t, json_t *j)
{
    int64_t time;
    if (!json_is_string(j) || !clock_parse_rfc3339(json_string_value(j), &time))
        return table_target_invalid(t, "must be a time as in RFC 3339");
    return message_set_time(table_target_value(t), time) ? err_no_memory(t->e) : 0;
}

static int decode_bool_value(const struct table_target *t, json_t *j)
{
    Swarm__BoolValue **value = table_target_value(t);
    if (!json_is_boolean(j))
        return table_target_invalid(t, "must be true or false");
    if (!*value && !(*value = message_new(&swarm__bool_value__descriptor)))
        return err_no_memory(t->e);
    (*value)->value = json_is_true(j);
    return 0;
}

static int decode_int64_value(const struct table_target *t, json_t *j)
{
    Swarm__Int64Value **value = table_target_value(t);
    int64_t number = 0;
    int r = read_number(t, j, INT64_MIN, INT64_MAX, &number);
    if (r)
        return r;
    if (!*value && !(*value = message_new(&swarm__int64_value__descriptor)))
        return err_no_memory(t->e);
    (*value)->value = number;
    return 0;
}

int table_value_decode(const struct table_target *t, json_t *j)
{
    switch (t->field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return decode_string(t, j);
    case PROTOBUF_C_TYPE_BYTES:
        return decode_bytes(t, j);
    case PROTOBUF_C_TYPE_BOOL:
        return decode_bool(t, j);
    case PROTOBUF_C_TYPE_ENUM:
        return decode_enum(t, j);
    case PROTOBUF_C_TYPE_FLOAT:
        return decode_float(t, j);
    default:
        return decode_number(t, j);
    }
}

bool table_value_is_wrapped(const ProtobufCFieldDescriptor *field)
{
    const void *type = field->descriptor;
    return type == &swarm__duration__descriptor ||
           type == &swarm__timestamp__descriptor ||
           type == &swarm__bool_value__descriptor ||
           type == &swarm__int64_value__descriptor;
}

int table_value_decode_wrapped(const struct table_target *t, json_t *j)
{
    const void *type = t->field->descriptor;
    if (type == &swarm__duration__descriptor)
        return decode_duration(t, j);
    if (type == &swarm__timestamp__descriptor)
        return decode_time(t, j);
    return type == &swarm__bool_value__descriptor ? decode_bool_value(t, j)
                                                  : decode_int64_value(t, j);
}
