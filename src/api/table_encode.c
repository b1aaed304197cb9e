/* SPDX-License-Identifier: Apache-2.0 */
/* From a message to JSON, in the order of the table's rows. Maps are sorted by key, as
 * Go's encoder does. */
#include <assert.h>

#include "api/table.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

/* One field on its way out. */
struct source {
    const struct api_field *row;
    const ProtobufCFieldDescriptor *field;
    const ProtobufCMessage *message;
};

static const void *value_of(const struct source *s)
{
    return (const char *)s->message + s->field->offset;
}

static size_t count_of(const struct source *s)
{
    return *(const size_t *)(const void *)((const char *)s->message +
                                           s->field->quantifier_offset);
}

static const ProtobufCMessage *sub_message(const struct source *s)
{
    if (s->field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        const uint32_t *which =
            (const void *)((const char *)s->message + s->field->quantifier_offset);
        if (*which != s->field->id)
            return NULL;
    }
    return *(const ProtobufCMessage *const *)value_of(s);
}

/* ---- values ---- */

static void encode_scalar(const struct source *s, struct api_json_out *w)
{
    const void *value = value_of(s);
    const ProtobufCBinaryData *bytes = value;
    const char *word;
    switch (s->field->type) {
    case PROTOBUF_C_TYPE_STRING:
        api_json_string(w, *(const char *const *)value);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        if (s->row->flags & API_TEXT)
            api_json_string_n(w, bytes->data ? (const char *)bytes->data : "",
                              bytes->len);
        else
            api_json_base64(w, bytes->data, bytes->len);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        api_json_bool(w, *(const protobuf_c_boolean *)value);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        word = api_names_get(s->row->names, *(const int *)value);
        api_json_string(w, word ? word : "unknown");
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        api_json_float(w, *(const float *)value);
        break;
    case PROTOBUF_C_TYPE_INT32:
        api_json_int(w, *(const int32_t *)value);
        break;
    case PROTOBUF_C_TYPE_UINT32:
        api_json_uint(w, *(const uint32_t *)value);
        break;
    case PROTOBUF_C_TYPE_INT64:
        api_json_int(w, *(const int64_t *)value);
        break;
    default:
        assert(s->field->type == PROTOBUF_C_TYPE_UINT64);
        api_json_uint(w, *(const uint64_t *)value);
    }
}

static bool is_zero(const struct source *s)
{
    const void *value = value_of(s);
    switch (s->field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return str_is_empty(*(const char *const *)value);
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)value)->len == 0;
    case PROTOBUF_C_TYPE_BOOL:
        return !*(const protobuf_c_boolean *)value;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return *(const uint64_t *)value == 0;
    default:
        return *(const uint32_t *)value == 0;
    }
}

static int by_key(const void *a, const void *b)
{
    const Swarm__Pair *const *x = a, *const *y = b;
    return strcmp((*x)->key, (*y)->key);
}

static void encode_map(const struct source *s, struct api_json_out *w)
{
    size_t n = count_of(s);
    const Swarm__Pair *const *pairs = *(const Swarm__Pair *const *const *)value_of(s);
    cleanup_free const Swarm__Pair **sorted = calloc(n + 1, sizeof(*sorted));
    if (!sorted) {
        w->code = ERR_NO_MEMORY;
        return;
    }
    for (size_t i = 0; i < n; i++)
        sorted[i] = pairs[i];
    qsort(sorted, n, sizeof(*sorted), by_key);
    api_json_open(w, '{');
    for (size_t i = 0; i < n; i++)
        api_json_member(w, sorted[i]->key, sorted[i]->value);
    api_json_close(w, '}');
}

static void encode_list(const struct source *s, struct api_json_out *w)
{
    api_json_open(w, '[');
    for (size_t i = 0; i < count_of(s); i++)
        if (s->field->type == PROTOBUF_C_TYPE_STRING)
            api_json_string(w, (*(const char *const *const *)value_of(s))[i]);
        else
            api_table_encode(s->row->table,
                             (*(const ProtobufCMessage *const *const *)value_of(s))[i],
                             w);
    api_json_close(w, ']');
}

static void encode_message(const struct source *s, const ProtobufCMessage *m,
                           struct api_json_out *w)
{
    const void *type = s->field->descriptor;
    if (type == &swarm__duration__descriptor)
        api_json_int(w, message_duration((const Swarm__Duration *)m, 0));
    else if (type == &swarm__timestamp__descriptor)
        api_json_time(w, message_time((const Swarm__Timestamp *)m, 0));
    else if (type == &swarm__bool_value__descriptor)
        api_json_bool(w, ((const Swarm__BoolValue *)m)->value);
    else if (type == &swarm__int64_value__descriptor)
        api_json_int(w, ((const Swarm__Int64Value *)m)->value);
    else
        api_table_encode(s->row->table, m, w);
}

/* ---- rows ---- */

static void encode_repeated(const struct source *s, struct api_json_out *w)
{
    size_t n = count_of(s);
    if (n == 0 && s->row->show == API_OMIT)
        return;
    api_json_key(w, s->row->name);
    if (n == 0 && s->row->show == API_NULL)
        api_json_null(w);
    else if (s->field->descriptor == &swarm__pair__descriptor)
        encode_map(s, w);
    else
        encode_list(s, w);
}

static void encode_empty(const struct source *s, struct api_json_out *w)
{
    api_json_open(w, '{');
    if (s->row->show == API_ALWAYS) {
        cleanup_message ProtobufCMessage *none = message_new(s->field->descriptor);
        if (none)
            api_table_encode_fields(s->row->table, none, w);
        else
            w->code = ERR_NO_MEMORY;
    }
    api_json_close(w, '}');
}

static void encode_absent(const struct source *s, struct api_json_out *w)
{
    if (s->row->show == API_OMIT)
        return;
    api_json_key(w, s->row->name);
    if (s->row->show == API_NULL)
        api_json_null(w);
    else if (s->field->descriptor == &swarm__duration__descriptor)
        api_json_int(w, 0);
    else if (s->field->descriptor == &swarm__timestamp__descriptor)
        api_json_string(w, "0001-01-01T00:00:00Z"); /* Go's zero time */
    else
        encode_empty(s, w);
}

/* A duration that Docker's type has by value is left out when it is zero. */
static bool is_zero_duration(const struct source *s, const ProtobufCMessage *m)
{
    return s->row->flags & API_BY_VALUE &&
           s->field->descriptor == &swarm__duration__descriptor &&
           message_duration((const Swarm__Duration *)m, 0) == 0;
}

static void encode_single(const struct source *s, struct api_json_out *w)
{
    const ProtobufCMessage *m = sub_message(s);
    if (!m) {
        encode_absent(s, w);
        return;
    }
    if (is_zero_duration(s, m))
        return;
    api_json_key(w, s->row->name);
    encode_message(s, m, w);
}

static void encode_inline(const struct api_table *table, const struct api_field *row,
                          const ProtobufCMessage *m, struct api_json_out *w)
{
    struct source s = {row, api_table_field(table, row), m};
    const ProtobufCMessage *sub = row->proto ? sub_message(&s) : m;
    if (sub) {
        api_table_encode_fields(row->table, sub, w);
        return;
    }
    cleanup_message ProtobufCMessage *none = message_new(row->table->type);
    if (none)
        api_table_encode_fields(row->table, none, w);
    else
        w->code = ERR_NO_MEMORY;
}

static void encode_row(const struct api_table *table, const struct api_field *row,
                       const ProtobufCMessage *m, struct api_json_out *w)
{
    if (row->show == API_NEVER || (row->flags & API_REFUSE))
        return;
    if (row->flags & API_INLINE) {
        encode_inline(table, row, m, w);
        return;
    }
    if (row->custom) {
        if (row->custom->encode)
            row->custom->encode(m, row->name, w);
        return;
    }
    struct source s = {row, api_table_field(table, row), m};
    if (s.field->label == PROTOBUF_C_LABEL_REPEATED)
        encode_repeated(&s, w);
    else if (s.field->type == PROTOBUF_C_TYPE_MESSAGE)
        encode_single(&s, w);
    else if (row->show == API_ALWAYS || !is_zero(&s)) {
        api_json_key(w, row->name);
        encode_scalar(&s, w);
    }
}

void api_table_encode_fields(const struct api_table *table, const ProtobufCMessage *m,
                             struct api_json_out *w)
{
    assert(m->descriptor == table->type);
    for (size_t i = 0; i < table->n; i++)
        encode_row(table, &table->fields[i], m, w);
}

void api_table_encode(const struct api_table *table, const ProtobufCMessage *m,
                      struct api_json_out *w)
{
    api_json_open(w, '{');
    api_table_encode_fields(table, m, w);
    api_json_close(w, '}');
}
