/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From JSON to a message. Each key of the object is looked up in the table (first as it
 * is, then without regard to case), and what the row's field is in the message decides
 * how its value is read.
 */
#include "api/table_decode.h"

#include <assert.h>

#include "base/mem.h"
#include "base/str.h"

static int decode_object(const struct api_table *table, json_t *object,
                         ProtobufCMessage *m, const struct table_path *path,
                         struct err *e);

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
static int sub_message(const struct table_target *t, ProtobufCMessage **out)
{
    ProtobufCMessage **sub = table_target_value(t);
    if (t->field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        uint32_t *which = (uint32_t *)(void *)table_target_count(t);
        if (*which != 0 && *which != t->field->id)
            return table_target_invalid(t,
                                        "can't be given together with its alternatives");
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

static int decode_message(const struct table_target *t, json_t *j)
{
    ProtobufCMessage *sub = NULL;
    if (!json_is_object(j))
        return table_target_invalid(t, "must be an object");
    int r = sub_message(t, &sub);
    return r ? r : decode_object(t->row->table, j, sub, t->path, t->e);
}

/* ---- lists and maps ---- */

/* Makes room for n elements, all NULL, in place of those that were there. */
static int new_list(const struct table_target *t, size_t n, void ***out)
{
    void ***list = table_target_value(t);
    size_t *count = table_target_count(t);
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

static int decode_element(const struct table_target *t, json_t *j, void **item)
{
    if (t->field->type == PROTOBUF_C_TYPE_STRING) {
        if (!json_is_string(j))
            return table_target_invalid(t, "must be a string");
        *item = mem_dup(json_string_value(j), json_string_length(j));
        return *item ? 0 : err_no_memory(t->e);
    }
    if (!json_is_object(j))
        return table_target_invalid(t, "must be an object");
    ProtobufCMessage *m = new_message(t->row->table);
    if (!m)
        return err_no_memory(t->e);
    *item = m;
    return decode_object(t->row->table, j, m, t->path, t->e);
}

static int check_count(const struct table_target *t, size_t n)
{
    char why[64];
    snprintf(why, sizeof(why), "has more than %d entries", API_LIST_MAX);
    return n > API_LIST_MAX ? table_target_invalid(t, why) : 0;
}

static int decode_list(const struct table_target *t, json_t *j)
{
    void **items = NULL;
    if (!json_is_array(j))
        return table_target_invalid(t, "must be a list");
    size_t n = json_array_size(j);
    int r = check_count(t, n);
    r = r ? r : new_list(t, n, &items);
    for (size_t i = 0; i < n && !r; i++) {
        struct table_path path = {t->path, NULL, i};
        struct table_target element = {t->row, t->field, t->message, &path, t->e};
        r = decode_element(&element, json_array_get(j, i), &items[i]);
        if (items[i])
            ++*table_target_count(t);
    }
    return r;
}

static int decode_pair(const struct table_target *t, const char *key, json_t *j,
                       void **item)
{
    Swarm__Pair *pair = message_new(&swarm__pair__descriptor);
    *item = pair;
    if (!json_is_string(j) && !json_is_null(j))
        return table_target_invalid(t, "must be a string");
    if (!pair || message_set_string(&pair->key, key) ||
        message_set_string(&pair->value, json_is_null(j) ? "" : json_string_value(j)))
        return err_no_memory(t->e);
    return 0;
}

static int decode_map(const struct table_target *t, json_t *j)
{
    void **items = NULL;
    if (!json_is_object(j))
        return table_target_invalid(t, "must be an object");
    size_t n = json_object_size(j);
    int r = check_count(t, n);
    r = r ? r : new_list(t, n, &items);
    void *at = json_object_iter(j);
    for (size_t i = 0; i < n && !r; i++, at = json_object_iter_next(j, at)) {
        struct table_path path = {t->path, json_object_iter_key(at), 0};
        struct table_target element = {t->row, t->field, t->message, &path, t->e};
        r = decode_pair(&element, path.name, json_object_iter_value(at), &items[i]);
        if (items[i])
            ++*table_target_count(t);
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

static int decode_value(const struct table_target *t, json_t *j)
{
    if (t->field->label == PROTOBUF_C_LABEL_REPEATED)
        return t->field->descriptor == &swarm__pair__descriptor ? decode_map(t, j)
                                                                : decode_list(t, j);
    if (t->field->type != PROTOBUF_C_TYPE_MESSAGE)
        return table_value_decode(t, j);
    return table_value_is_wrapped(t->field) ? table_value_decode_wrapped(t, j)
                                            : decode_message(t, j);
}

static int decode_row(const struct table_target *t, json_t *j)
{
    if (json_is_null(j))
        return 0;
    if (t->row->flags & API_REFUSE)
        return is_at_default(j)
                   ? 0
                   : table_target_refuse(t, ERR_UNIMPLEMENTED, "is not supported");
    if (t->row->custom) {
        struct err why = {0};
        int r = t->row->custom->decode(t->message, j, &why);
        if (r == ERR_NO_MEMORY)
            return err_no_memory(t->e);
        return r ? table_target_refuse(t, r, err_text(&why)) : 0;
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
                      json_t *j, ProtobufCMessage *m, const struct table_path *up,
                      struct err *e)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct api_field *row = &table->fields[i];
        struct table_path path = {up, row->name, 0};
        struct table_target t = {row, api_table_field(table, row), m, &path, e};
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
                         ProtobufCMessage *m, const struct table_path *path,
                         struct err *e)
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
