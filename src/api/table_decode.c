/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From JSON to a message. Each key of the object is looked up in the table (first as it
 * is, then without regard to case), and what the row's field is in the message decides
 * how its value is read. Where we are is a list of frames on the stack, written out only
 * when something is wrong.
 */
#include <assert.h>

#include "api/table.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#define PATH_SIZE 256

struct path {
    const struct path *up;
    const char *name; /* NULL: an element of a list */
    size_t index;
};

/* One field on its way in. */
struct target {
    const struct api_field *row;
    const ProtobufCFieldDescriptor *field;
    ProtobufCMessage *message;
    const struct path *path;
    struct err *e;
};

static int decode_object(const struct api_table *table, json_t *object,
                         ProtobufCMessage *m, const struct path *path, struct err *e);

static void write_path(const struct path *path, char out[PATH_SIZE])
{
    char front[PATH_SIZE] = "";
    if (path->up)
        write_path(path->up, front);
    if (path->name)
        snprintf(out, PATH_SIZE, "%s%s%s", front, *front ? "." : "", path->name);
    else
        snprintf(out, PATH_SIZE, "%s[%zu]", front, path->index);
}

static int refuse(const struct target *t, int code, const char *why)
{
    char where[PATH_SIZE];
    write_path(t->path, where);
    return err_set(t->e, code, "%s: %s", where, why);
}

static int invalid(const struct target *t, const char *why)
{
    return refuse(t, ERR_INVALID_ARGUMENT, why);
}

static void *value_of(const struct target *t)
{
    return (char *)t->message + t->field->offset;
}

static size_t *count_of(const struct target *t)
{
    return (size_t *)(void *)((char *)t->message + t->field->quantifier_offset);
}

/* ---- plain values ---- */

static int decode_string(const struct target *t, json_t *j)
{
    if (!json_is_string(j))
        return invalid(t, "must be a string");
    if ((t->row->flags & API_KEEP) && !json_string_length(j))
        return 0;
    return message_set_string(value_of(t), json_string_value(j)) ? err_no_memory(t->e)
                                                                 : 0;
}

static int decode_bytes(const struct target *t, json_t *j)
{
    ProtobufCBinaryData *bytes = value_of(t);
    if (!json_is_string(j))
        return invalid(t, "must be a string");
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

static int decode_bool(const struct target *t, json_t *j)
{
    if (!json_is_boolean(j))
        return invalid(t, "must be true or false");
    *(protobuf_c_boolean *)value_of(t) = json_is_true(j);
    return 0;
}

static int read_number(const struct target *t, json_t *j, int64_t min, int64_t max,
                       int64_t *out)
{
    if (!json_is_integer(j))
        return invalid(t, "must be a whole number");
    int64_t value = json_integer_value(j);
    if (value < min || value > max)
        return invalid(t, "is out of range");
    *out = value;
    return 0;
}

static int decode_number(const struct target *t, json_t *j)
{
    bool is_wide = t->field->type == PROTOBUF_C_TYPE_INT64 ||
                   t->field->type == PROTOBUF_C_TYPE_UINT64;
    bool has_sign = t->field->type == PROTOBUF_C_TYPE_INT64 ||
                    t->field->type == PROTOBUF_C_TYPE_INT32;
    int64_t max = is_wide ? INT64_MAX : has_sign ? INT32_MAX : UINT32_MAX;
    int64_t min = !has_sign ? 0 : is_wide ? INT64_MIN : INT32_MIN;
    int64_t value;
    int r = read_number(t, j, min, max, &value);
    if (r || (value == 0 && (t->row->flags & API_KEEP)))
        return r;
    if (is_wide)
        *(int64_t *)value_of(t) = value;
    else
        *(uint32_t *)value_of(t) = (uint32_t)value;
    return 0;
}

static int decode_float(const struct target *t, json_t *j)
{
    if (!json_is_number(j))
        return invalid(t, "must be a number");
    double value = json_number_value(j);
    if (value > 1e38 || value < -1e38)
        return invalid(t, "is out of range");
    *(float *)value_of(t) = (float)value;
    return 0;
}

static int decode_enum(const struct target *t, json_t *j)
{
    if (!json_is_string(j))
        return invalid(t, "must be a string");
    const char *word = json_string_value(j);
    int value = t->row->preset;
    if ((*word || (t->row->flags & API_REQUIRED)) &&
        !api_names_find(t->row->names, word, &value))
        return err_set(t->e, ERR_INVALID_ARGUMENT, "invalid %s: \"%s\"",
                       t->row->names->what, word);
    *(int *)value_of(t) = value;
    return 0;
}

/* ---- messages that are one value in JSON ---- */

static int decode_duration(const struct target *t, json_t *j)
{
    int64_t value;
    int r = read_number(t, j, INT64_MIN, INT64_MAX, &value);
    if (r || (value == 0 && (t->row->flags & API_KEEP)))
        return r;
    return message_set_duration(value_of(t), value) ? err_no_memory(t->e) : 0;
}

static int decode_time(const struct target *t, json_t *j)
{
    int64_t time;
    if (!json_is_string(j) || !clock_parse_rfc3339(json_string_value(j), &time))
        return invalid(t, "must be a time as in RFC 3339");
    return message_set_time(value_of(t), time) ? err_no_memory(t->e) : 0;
}

static int decode_bool_value(const struct target *t, json_t *j)
{
    Swarm__BoolValue **value = value_of(t);
    if (!json_is_boolean(j))
        return invalid(t, "must be true or false");
    if (!*value && !(*value = message_new(&swarm__bool_value__descriptor)))
        return err_no_memory(t->e);
    (*value)->value = json_is_true(j);
    return 0;
}

static int decode_int64_value(const struct target *t, json_t *j)
{
    Swarm__Int64Value **value = value_of(t);
    int64_t number;
    int r = read_number(t, j, INT64_MIN, INT64_MAX, &number);
    if (r)
        return r;
    if (!*value && !(*value = message_new(&swarm__int64_value__descriptor)))
        return err_no_memory(t->e);
    (*value)->value = number;
    return 0;
}

/* ---- messages ---- */

static void set_preset(const ProtobufCFieldDescriptor *field, int preset,
                       ProtobufCMessage *m)
{
    void *value = (char *)m + field->offset;
    if (field->type == PROTOBUF_C_TYPE_ENUM)
        *(int *)value = preset;
    else
        *(uint64_t *)value = (uint64_t)preset;
}

static void set_presets(const struct api_table *table, ProtobufCMessage *m)
{
    for (size_t i = 0; i < table->n; i++)
        if (table->fields[i].preset)
            set_preset(api_table_field(table, &table->fields[i]), table->fields[i].preset,
                       m);
}

static ProtobufCMessage *new_message(const struct api_table *table)
{
    ProtobufCMessage *m = message_new(table->type);
    if (m)
        set_presets(table, m);
    return m;
}

/* The sub-message of a field, made when it isn't there. A member of a oneof takes the
 * place that must be free. */
static int sub_message(const struct target *t, ProtobufCMessage **out)
{
    ProtobufCMessage **sub = value_of(t);
    if (t->field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        uint32_t *which = (uint32_t *)(void *)count_of(t);
        if (*which != 0 && *which != t->field->id)
            return invalid(t, "can't be given together with its alternatives");
        if (*which == 0)
            *sub = NULL;
        ProtobufCMessage *m = *sub ? *sub : new_message(t->row->table);
        if (!m)
            return err_no_memory(t->e);
        *which = t->field->id;
        *sub = m;
    }
    if (!*sub && !(*sub = new_message(t->row->table)))
        return err_no_memory(t->e);
    *out = *sub;
    return 0;
}

static int decode_message(const struct target *t, json_t *j)
{
    ProtobufCMessage *sub = NULL;
    if (!json_is_object(j))
        return invalid(t, "must be an object");
    int r = sub_message(t, &sub);
    return r ? r : decode_object(t->row->table, j, sub, t->path, t->e);
}

static int decode_single(const struct target *t, json_t *j)
{
    const void *type = t->field->descriptor;
    if (type == &swarm__duration__descriptor)
        return decode_duration(t, j);
    if (type == &swarm__timestamp__descriptor)
        return decode_time(t, j);
    if (type == &swarm__bool_value__descriptor)
        return decode_bool_value(t, j);
    if (type == &swarm__int64_value__descriptor)
        return decode_int64_value(t, j);
    return decode_message(t, j);
}

/* ---- lists and maps ---- */

/* Makes room for n elements, all NULL, in place of those that were there. */
static int new_list(const struct target *t, size_t n, void ***out)
{
    void ***list = value_of(t);
    size_t *count = count_of(t);
    void **items = n ? calloc(n, sizeof(void *)) : NULL;
    if (n && !items)
        return err_no_memory(t->e);
    for (size_t i = 0; i < *count; i++)
        if (t->field->type == PROTOBUF_C_TYPE_MESSAGE)
            message_free((*list)[i]);
        else
            mem_wipe_free((*list)[i]);
    free(*list);
    *list = items;
    *count = 0;
    *out = items;
    return 0;
}

static int decode_element(const struct target *t, json_t *j, void **item)
{
    if (t->field->type == PROTOBUF_C_TYPE_STRING) {
        if (!json_is_string(j))
            return invalid(t, "must be a string");
        *item = mem_dup(json_string_value(j), json_string_length(j));
        return *item ? 0 : err_no_memory(t->e);
    }
    if (!json_is_object(j))
        return invalid(t, "must be an object");
    ProtobufCMessage *m = new_message(t->row->table);
    if (!m)
        return err_no_memory(t->e);
    *item = m;
    return decode_object(t->row->table, j, m, t->path, t->e);
}

static int check_count(const struct target *t, size_t n)
{
    char why[64];
    snprintf(why, sizeof(why), "has more than %d entries", API_LIST_MAX);
    return n > API_LIST_MAX ? invalid(t, why) : 0;
}

static int decode_list(const struct target *t, json_t *j)
{
    void **items = NULL;
    if (!json_is_array(j))
        return invalid(t, "must be a list");
    int r = check_count(t, json_array_size(j));
    if (!r && (t->row->flags & API_KEEP) && !json_array_size(j))
        return 0;
    r = r ? r : new_list(t, json_array_size(j), &items);
    for (size_t i = 0; i < json_array_size(j) && !r; i++) {
        struct path path = {t->path, NULL, i};
        struct target element = {t->row, t->field, t->message, &path, t->e};
        r = decode_element(&element, json_array_get(j, i), &items[i]);
        if (items[i])
            ++*count_of(t);
    }
    return r;
}

static int decode_pair(const struct target *t, const char *key, json_t *j, void **item)
{
    Swarm__Pair *pair = message_new(&swarm__pair__descriptor);
    *item = pair;
    if (!json_is_string(j) && !json_is_null(j))
        return invalid(t, "must be a string");
    if (!pair || message_set_string(&pair->key, key) ||
        message_set_string(&pair->value, json_is_null(j) ? "" : json_string_value(j)))
        return err_no_memory(t->e);
    return 0;
}

static int decode_map(const struct target *t, json_t *j)
{
    void **items = NULL;
    if (!json_is_object(j))
        return invalid(t, "must be an object");
    int r = check_count(t, json_object_size(j));
    if (!r && (t->row->flags & API_KEEP) && !json_object_size(j))
        return 0;
    r = r ? r : new_list(t, json_object_size(j), &items);
    size_t i = 0;
    for (void *at = json_object_iter(j); at && !r;
         at = json_object_iter_next(j, at), i++) {
        struct path path = {t->path, json_object_iter_key(at), 0};
        struct target element = {t->row, t->field, t->message, &path, t->e};
        r = decode_pair(&element, path.name, json_object_iter_value(at), &items[i]);
        if (items[i])
            ++*count_of(t);
    }
    return r;
}

/* ---- fields ---- */

static bool is_at_default(const json_t *j)
{
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        return json_object_size(j) == 0;
    case JSON_ARRAY:
        return json_array_size(j) == 0;
    case JSON_STRING:
        return json_string_length(j) == 0;
    case JSON_INTEGER:
    case JSON_REAL:
        return !(json_number_value(j) < 0) && !(json_number_value(j) > 0);
    case JSON_TRUE:
        return false;
    default:
        return true;
    }
}

static int decode_value(const struct target *t, json_t *j)
{
    if (t->field->label == PROTOBUF_C_LABEL_REPEATED)
        return t->field->descriptor == &swarm__pair__descriptor ? decode_map(t, j)
                                                                : decode_list(t, j);
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
    case PROTOBUF_C_TYPE_MESSAGE:
        return decode_single(t, j);
    default:
        return decode_number(t, j);
    }
}

static int decode_row(const struct target *t, json_t *j)
{
    if (json_is_null(j))
        return 0;
    if (t->row->flags & API_REFUSE)
        return is_at_default(j) ? 0 : refuse(t, ERR_UNIMPLEMENTED, "is not supported");
    if (t->row->custom) {
        struct err why = {0};
        int r = t->row->custom->decode(t->message, j, &why);
        if (r == ERR_NO_MEMORY)
            return err_no_memory(t->e);
        return r ? refuse(t, r, err_text(&why)) : 0;
    }
    return decode_value(t, j);
}

/* ---- objects ---- */

static bool has_name(const struct api_field *row, const char *key, bool any_case)
{
    return any_case ? str_equal_nocase(row->name, key) : str_equal(row->name, key);
}

/* Is there a row for the key, in this table or one of those that are inline? */
static bool table_knows(const struct api_table *table, const char *key, bool any_case)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct api_field *row = &table->fields[i];
        if (row->flags & API_INLINE ? table_knows(row->table, key, any_case)
                                    : has_name(row, key, any_case))
            return true;
    }
    return false;
}

static int decode_key(const struct api_table *table, const char *key, bool any_case,
                      json_t *j, ProtobufCMessage *m, const struct path *up,
                      struct err *e)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct api_field *row = &table->fields[i];
        struct path path = {up, row->name, 0};
        struct target t = {row, api_table_field(table, row), m, &path, e};
        if (!(row->flags & API_INLINE)) {
            if (has_name(row, key, any_case))
                return decode_row(&t, j);
            continue;
        }
        if (!table_knows(row->table, key, any_case))
            continue;
        ProtobufCMessage *sub = m;
        int r = row->proto ? sub_message(&t, &sub) : 0;
        return r ? r : decode_key(row->table, key, any_case, j, sub, up, e);
    }
    return 0;
}

/* An enum that must be given and wasn't. */
static int check_required(const struct api_table *table, json_t *object, struct err *e)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct api_field *row = &table->fields[i];
        if (!(row->flags & API_REQUIRED))
            continue;
        bool is_there = false;
        for (void *at = json_object_iter(object); at && !is_there;
             at = json_object_iter_next(object, at))
            is_there = has_name(row, json_object_iter_key(at), true) &&
                       !json_is_null(json_object_iter_value(at));
        if (!is_there)
            return err_set(e, ERR_INVALID_ARGUMENT, "invalid %s: \"\"", row->names->what);
    }
    return 0;
}

static int decode_object(const struct api_table *table, json_t *object,
                         ProtobufCMessage *m, const struct path *path, struct err *e)
{
    int r = check_required(table, object, e);
    for (void *at = json_object_iter(object); at && !r;
         at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        bool any_case = !table_knows(table, key, false);
        r = decode_key(table, key, any_case, json_object_iter_value(at), m, path, e);
    }
    return r;
}

int api_table_decode(const struct api_table *table, json_t *object, ProtobufCMessage *m,
                     struct err *e)
{
    assert(m->descriptor == table->type);
    if (!json_is_object(object))
        return err_set(e, ERR_INVALID_ARGUMENT, "must be an object");
    return decode_object(table, object, m, NULL, e);
}

int api_table_decode_new(const struct api_table *table, json_t *object,
                         ProtobufCMessage **out, struct err *e)
{
    cleanup_message ProtobufCMessage *m = new_message(table);
    if (!m)
        return err_no_memory(e);
    int r = api_table_decode(table, object, m, e);
    if (!r)
        *out = TAKE(m);
    return r;
}
