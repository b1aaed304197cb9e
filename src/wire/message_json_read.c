/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message is filled while it is made, so that freeing it is right at any moment: what
 * fails half way leaves nothing behind. Errors name the field ("envelopes: value: ..."),
 * never what it holds.
 */
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/str.h"
#include "secrets/wellknown.pb-c.h"
#include "wire/message_json_private.h"
#include "json/json.h"

static int read_message(const ProtobufCMessageDescriptor *type, const json_t *j,
                        ProtobufCMessage **out, struct err *e);

static int wrong(struct err *e, const char *wanted)
{
    return err_set(e, ERR_INVALID_ARGUMENT, "must be %s", wanted);
}

static int read_int(const json_t *j, int64_t min, int64_t max, int64_t *out,
                    struct err *e)
{
    const char *text = json_string_value(j);
    if (json_is_integer(j))
        *out = json_integer_value(j);
    else if (!text || !str_to_i64(text, out))
        return wrong(e, "a whole number");
    return *out < min || *out > max ? wrong(e, "a number in range") : 0;
}

static int read_uint64(const json_t *j, uint64_t *out, struct err *e)
{
    const char *text = json_string_value(j);
    if (text)
        return str_to_u64(text, out) ? 0 : wrong(e, "a whole number");
    if (!json_is_integer(j) || json_integer_value(j) < 0)
        return wrong(e, "a whole number");
    *out = (uint64_t)json_integer_value(j);
    return 0;
}

static int read_int32(const json_t *j, int32_t *out, struct err *e)
{
    int64_t n = 0;
    int r = read_int(j, INT32_MIN, INT32_MAX, &n, e);
    if (!r)
        *out = (int32_t)n;
    return r;
}

static int read_uint32(const json_t *j, uint32_t *out, struct err *e)
{
    int64_t n = 0;
    int r = read_int(j, 0, UINT32_MAX, &n, e);
    if (!r)
        *out = (uint32_t)n;
    return r;
}

static int read_bool(const json_t *j, protobuf_c_boolean *out, struct err *e)
{
    if (!json_is_boolean(j))
        return wrong(e, "true or false");
    *out = json_is_true(j);
    return 0;
}

static int read_enum(const ProtobufCEnumDescriptor *type, const json_t *j, int *out,
                     struct err *e)
{
    if (!json_is_string(j))
        return read_int32(j, out, e);
    const ProtobufCEnumValue *v =
        protobuf_c_enum_descriptor_get_value_by_name(type, json_string_value(j));
    if (!v)
        return wrong(e, "one of the names of its type");
    *out = v->value;
    return 0;
}

static int read_string(const json_t *j, char **out, struct err *e)
{
    if (!json_is_string(j))
        return wrong(e, "a string");
    return message_set_string(out, json_string_value(j)) ? err_no_memory(e) : 0;
}

/* The usual alphabet, with its padding, of either. */
static int normalize_base64(const char *s, size_t n, struct buf *out)
{
    while (n && s[n - 1] == '=')
        n--;
    int r = buf_reserve(out, n + 4);
    for (size_t i = 0; i < n && !r; i++)
        r = buf_append_char(out, s[i] == '-' ? '+' : s[i] == '_' ? '/' : s[i]);
    while (!r && out->len % 4 != 0)
        r = buf_append_char(out, '=');
    return r;
}

static int read_bytes(const json_t *j, ProtobufCBinaryData *out, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_wipe_free uint8_t *bytes = NULL;
    size_t n = 0;
    if (!json_is_string(j))
        return wrong(e, "a string of base64");
    if (normalize_base64(json_string_value(j), json_string_length(j), &text))
        return err_no_memory(e);
    int r = base64_decode(buf_str(&text), text.len, &bytes, &n, e);
    if (r)
        return r;
    mem_wipe_free(out->data);
    *out = (ProtobufCBinaryData){.data = TAKE(bytes), .len = n};
    return 0;
}

static int read_submessage(const ProtobufCMessageDescriptor *type, const json_t *j,
                           ProtobufCMessage **slot, struct err *e)
{
    ProtobufCMessage *m = NULL;
    int r = read_message(type, j, &m, e);
    if (r)
        return r;
    message_free(*slot);
    *slot = m;
    return 0;
}

/* One value to `slot`, by the field's type. */
static int read_value(const ProtobufCFieldDescriptor *f, const json_t *j, void *slot,
                      struct err *e)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return read_int32(j, slot, e);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return read_uint32(j, slot, e);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return read_int(j, INT64_MIN, INT64_MAX, slot, e);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return read_uint64(j, slot, e);
    case PROTOBUF_C_TYPE_BOOL:
        return read_bool(j, slot, e);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(f->descriptor, j, slot, e);
    case PROTOBUF_C_TYPE_STRING:
        return read_string(j, slot, e);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(j, slot, e);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_submessage(f->descriptor, j, slot, e);
    default:
        return err_set(e, ERR_UNIMPLEMENTED, "floating point isn't supported");
    }
}

static void *member(ProtobufCMessage *m, size_t offset)
{
    return (char *)m + offset;
}

static int read_items(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                      const json_t *j, struct err *e)
{
    size_t size = message_field_size(f), total = json_array_size(j);
    size_t *n = member(m, f->quantifier_offset);
    if (!json_is_array(j))
        return wrong(e, "an array");
    if (total == 0)
        return 0;
    char *items = calloc(total, size);
    if (!items)
        return err_no_memory(e);
    *(void **)member(m, f->offset) = items;
    for (; *n < total; ++*n) {
        int r = read_value(f, json_array_get(j, *n), items + *n * size, e);
        if (r)
            return r;
    }
    return 0;
}

static int read_entry(const ProtobufCMessageDescriptor *type, const char *key,
                      const json_t *j, ProtobufCMessage **out, struct err *e)
{
    cleanup_message ProtobufCMessage *entry = message_new(type);
    if (!entry)
        return err_no_memory(e);
    if (type->fields[0].type != PROTOBUF_C_TYPE_STRING)
        return err_set(e, ERR_UNIMPLEMENTED, "keys must be strings");
    if (message_set_string(member(entry, type->fields[0].offset), key))
        return err_no_memory(e);
    int r = read_value(&type->fields[1], j, member(entry, type->fields[1].offset), e);
    if (!r)
        *out = TAKE(entry);
    return r;
}

static int read_map(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, json_t *j,
                    struct err *e)
{
    size_t *n = member(m, f->quantifier_offset);
    size_t total = json_object_size(j);
    const char *key;
    json_t *value;
    if (!json_is_object(j))
        return wrong(e, "an object");
    if (total == 0)
        return 0;
    ProtobufCMessage **entries = calloc(total, sizeof(ProtobufCMessage *));
    if (!entries)
        return err_no_memory(e);
    *(void **)member(m, f->offset) = entries;
    json_object_foreach(j, key, value)
    {
        int r = read_entry(f->descriptor, key, value, &entries[*n], e);
        if (r)
            return r;
        ++*n;
    }
    return 0;
}

/* A field of its own or of a oneof, of which one may be given. */
static int read_single(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                       const json_t *j, struct err *e)
{
    if (!(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        return read_value(f, j, member(m, f->offset), e);
    uint32_t *chosen = member(m, f->quantifier_offset);
    if (*chosen)
        return err_set(e, ERR_INVALID_ARGUMENT, "another choice is given already");
    int r = read_value(f, j, member(m, f->offset), e);
    if (!r)
        *chosen = f->id;
    return r;
}

/* Under the one name or the other; NULL when it isn't there, or null. */
static int find_member(const ProtobufCFieldDescriptor *f, const json_t *object,
                       json_t **out, struct err *e)
{
    char name[FIELD_NAME_SIZE];
    message_json_name(f->name, name);
    json_t *j = json_object_get(object, name);
    json_t *other = str_equal(name, f->name) ? NULL : json_object_get(object, f->name);
    if (j && other)
        return err_set(e, ERR_INVALID_ARGUMENT, "%s: is given twice", name);
    j = j ? j : other;
    *out = json_is_null(j) ? NULL : j;
    return 0;
}

static int read_field(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                      const json_t *object, struct err *e)
{
    char name[FIELD_NAME_SIZE];
    json_t *j = NULL;
    int r = find_member(f, object, &j, e);
    if (r || !j)
        return r;
    if (f->label != PROTOBUF_C_LABEL_REPEATED)
        r = read_single(m, f, j, e);
    else if (message_json_is_map(m->descriptor, f))
        r = read_map(m, f, j, e);
    else
        r = read_items(m, f, j, e);
    if (!r || r == ERR_NO_MEMORY)
        return r;
    message_json_name(f->name, name);
    return err_wrap(e, r, "%s", name);
}

static int read_time(enum time_kind kind, const json_t *j, ProtobufCMessage *m,
                     struct err *e)
{
    /* Both types have the same two fields. */
    Google__Protobuf__Timestamp *t = (void *)m;
    const char *text = json_string_value(j);
    if (!text || !message_json_parse_time(kind, text, &t->seconds, &t->nanos))
        return wrong(e, kind == TIME_POINT ? "a time as RFC 3339 has it"
                                           : "a duration as in \"1.5s\"");
    return 0;
}

static int read_message(const ProtobufCMessageDescriptor *type, const json_t *j,
                        ProtobufCMessage **out, struct err *e)
{
    enum time_kind kind = message_json_time_kind(type);
    if (kind == TIME_NONE && !json_is_object(j))
        return wrong(e, "an object");
    cleanup_message ProtobufCMessage *m = message_new(type);
    if (!m)
        return err_no_memory(e);
    int r = kind == TIME_NONE ? 0 : read_time(kind, j, m, e);
    for (unsigned i = 0; kind == TIME_NONE && !r && i < type->n_fields; i++)
        r = read_field(m, &type->fields[i], j, e);
    if (!r)
        *out = TAKE(m);
    return r;
}

int message_from_json(const ProtobufCMessageDescriptor *type, const void *text, size_t n,
                      ProtobufCMessage **out, struct err *e)
{
    static const struct json_limits limits = {.bytes = MESSAGE_JSON_MAX,
                                              .values = MESSAGE_JSON_VALUES_MAX,
                                              .depth = MESSAGE_JSON_DEPTH_MAX};
    cleanup_json json_t *j = NULL;
    int r = json_read(text, n, &limits, &j, e);
    return r ? r : read_message(type, j, out, e);
}
