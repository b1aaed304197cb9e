/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/base64.h"
#include "base/str.h"
#include "secrets/wellknown.pb-c.h"
#include "wire/message_json_private.h"
#include "json/json.h"

void message_json_name(const char *name, char out[FIELD_NAME_SIZE])
{
    size_t n = 0;
    bool is_first = false; /* of a word */
    for (; *name && n < FIELD_NAME_SIZE - 1; name++) {
        if (*name == '_') {
            is_first = true;
            continue;
        }
        bool is_small = *name >= 'a' && *name <= 'z';
        out[n++] = is_first && is_small ? (char)(*name - 'a' + 'A') : *name;
        is_first = false;
    }
    out[n] = '\0';
}

/*
 * protobuf-c keeps no word of it, but the compiler names the message of a map's entries
 * after the field: metadata's is <owner>.MetadataEntry, of a key and a value.
 */
bool message_json_is_map(const ProtobufCMessageDescriptor *owner,
                         const ProtobufCFieldDescriptor *f)
{
    char name[FIELD_NAME_SIZE], full[2 * FIELD_NAME_SIZE + 64];
    if (f->label != PROTOBUF_C_LABEL_REPEATED || f->type != PROTOBUF_C_TYPE_MESSAGE)
        return false;
    const ProtobufCMessageDescriptor *entry = f->descriptor;
    message_json_name(f->name, name);
    if (name[0] >= 'a' && name[0] <= 'z')
        name[0] = (char)(name[0] - 'a' + 'A');
    snprintf(full, sizeof(full), "%s.%sEntry", owner->name, name);
    return str_equal(entry->name, full) && entry->n_fields == 2 &&
           str_equal(entry->fields[0].name, "key") &&
           str_equal(entry->fields[1].name, "value");
}

static int write_message(const ProtobufCMessage *m, json_t **out, struct err *e);

static int made(json_t *j, json_t **out, struct err *e)
{
    if (!j)
        return err_no_memory(e);
    *out = j;
    return 0;
}

static int write_string(const char *s, json_t **out, struct err *e)
{
    s = s ? s : "";
    if (!json_is_text(s))
        return err_set(e, ERR_INVALID_ARGUMENT, "a string is not valid UTF-8");
    return made(json_string_nocheck(s), out, e);
}

static int write_bytes(const ProtobufCBinaryData *b, json_t **out, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    if (base64_encode(&text, b->data, b->len))
        return err_no_memory(e);
    return made(json_stringn_nocheck(buf_str(&text), text.len), out, e);
}

static int write_enum(const ProtobufCEnumDescriptor *type, int number, json_t **out,
                      struct err *e)
{
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(type, number);
    return made(v ? json_string_nocheck(v->name) : json_integer(number), out, e);
}

static int write_wide(bool is_unsigned, long long n, json_t **out, struct err *e)
{
    char text[24];
    if (is_unsigned)
        snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
    else
        snprintf(text, sizeof(text), "%lld", n);
    return made(json_string_nocheck(text), out, e);
}

/* One value at `at`, by the field's type. */
static int write_value(const ProtobufCFieldDescriptor *f, const void *at, json_t **out,
                       struct err *e)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return made(json_integer(*(const int32_t *)at), out, e);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return made(json_integer(*(const uint32_t *)at), out, e);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return write_wide(false, *(const int64_t *)at, out, e);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return write_wide(true, *(const int64_t *)at, out, e);
    case PROTOBUF_C_TYPE_BOOL:
        return made(json_boolean(*(const protobuf_c_boolean *)at), out, e);
    case PROTOBUF_C_TYPE_ENUM:
        return write_enum(f->descriptor, *(const int *)at, out, e);
    case PROTOBUF_C_TYPE_STRING:
        return write_string(*(char *const *)at, out, e);
    case PROTOBUF_C_TYPE_BYTES:
        return write_bytes(at, out, e);
    case PROTOBUF_C_TYPE_MESSAGE:
        return write_message(*(ProtobufCMessage *const *)at, out, e);
    default:
        return err_set(e, ERR_UNIMPLEMENTED, "field %s: floating point isn't supported",
                       f->name);
    }
}

static const void *member(const ProtobufCMessage *m, size_t offset)
{
    return (const char *)m + offset;
}

/* The items of a repeated field; those of a map are put into an object. */
static int write_items(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                       json_t *array, struct err *e)
{
    size_t n = *(const size_t *)member(m, f->quantifier_offset);
    size_t size = message_field_size(f);
    const char *items = *(const char *const *)member(m, f->offset);
    for (size_t i = 0; i < n; i++) {
        json_t *value = NULL;
        int r = write_value(f, items + i * size, &value, e);
        if (r)
            return r;
        if (json_array_append_new(array, value))
            return err_no_memory(e);
    }
    return 0;
}

static int write_entries(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                         json_t *object, struct err *e)
{
    size_t n = *(const size_t *)member(m, f->quantifier_offset);
    ProtobufCMessage *const *entries =
        *(ProtobufCMessage *const *const *)member(m, f->offset);
    const ProtobufCFieldDescriptor *fields =
        ((const ProtobufCMessageDescriptor *)f->descriptor)->fields;
    for (size_t i = 0; i < n; i++) {
        json_t *value = NULL;
        const char *key = *(char *const *)member(entries[i], fields[0].offset);
        if (fields[0].type != PROTOBUF_C_TYPE_STRING)
            return err_set(e, ERR_UNIMPLEMENTED, "field %s: keys must be strings",
                           f->name);
        if (!json_is_text(key))
            return err_set(e, ERR_INVALID_ARGUMENT, "a key is not valid UTF-8");
        int r = write_value(&fields[1], member(entries[i], fields[1].offset), &value, e);
        if (r)
            return r;
        if (json_object_set_new_nocheck(object, key, value))
            return err_no_memory(e);
    }
    return 0;
}

static int write_repeated(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                          json_t **out, struct err *e)
{
    bool is_map = message_json_is_map(m->descriptor, f);
    cleanup_json json_t *j = is_map ? json_object() : json_array();
    if (!j)
        return err_no_memory(e);
    int r = is_map ? write_entries(m, f, j, e) : write_items(m, f, j, e);
    if (!r)
        *out = TAKE(j);
    return r;
}

/* Is there anything to say about a field? */
static bool is_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    static const char zeros[sizeof(ProtobufCBinaryData)];
    const void *at = member(m, f->offset);
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return *(const size_t *)member(m, f->quantifier_offset) > 0;
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)member(m, f->quantifier_offset) == f->id;
    if (f->type == PROTOBUF_C_TYPE_STRING)
        return !str_is_empty(*(char *const *)at);
    if (f->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)at)->len > 0;
    return memcmp(at, zeros, message_field_size(f)) != 0;
}

static int write_time(enum time_kind kind, const ProtobufCMessage *m, json_t **out,
                      struct err *e)
{
    /* Both types have the same two fields. */
    const Google__Protobuf__Timestamp *t = (const void *)m;
    char text[TIME_TEXT_SIZE];
    if (!message_json_format_time(kind, t->seconds, t->nanos, text))
        return err_set(e, ERR_INVALID_ARGUMENT, "a time is out of range");
    return made(json_string_nocheck(text), out, e);
}

static int write_field(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                       json_t *object, struct err *e)
{
    char name[FIELD_NAME_SIZE];
    json_t *value = NULL;
    int r = f->label == PROTOBUF_C_LABEL_REPEATED
                ? write_repeated(m, f, &value, e)
                : write_value(f, member(m, f->offset), &value, e);
    if (r)
        return r;
    message_json_name(f->name, name);
    return json_object_set_new_nocheck(object, name, value) ? err_no_memory(e) : 0;
}

static int write_message(const ProtobufCMessage *m, json_t **out, struct err *e)
{
    enum time_kind kind = message_json_time_kind(m->descriptor);
    if (kind != TIME_NONE)
        return write_time(kind, m, out, e);
    cleanup_json json_t *object = json_object();
    if (!object)
        return err_no_memory(e);
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        int r = is_set(m, f) ? write_field(m, f, object, e) : 0;
        if (r)
            return r;
    }
    *out = TAKE(object);
    return 0;
}

int message_to_json(const ProtobufCMessage *m, struct buf *out, struct err *e)
{
    cleanup_json json_t *j = NULL;
    int r = write_message(m, &j, e);
    if (r)
        return r;
    return json_write(j, out) ? err_no_memory(e) : 0;
}
