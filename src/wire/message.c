/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life of a message: from bytes, to bytes, copies, the end. protobuf-c does the walking;
 * what is added here is the allocator (memory is wiped when it goes, and what foreign
 * bytes may ask for is bounded) and the error codes.
 *
 * How deep messages nest is bounded by the schemas, which have no message that contains
 * itself (tests walk the descriptors); so protobuf-c's recursion is bounded as well.
 */
#include "wire/message.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

/* The bound on what unpacking one message may allocate: two bytes on the wire can stand
 * for a struct of hundreds. */
struct unpack_memory {
    size_t left;
    bool is_exhausted; /* the bound was reached */
    bool has_failed;   /* malloc had nothing */
};

static void *alloc_bounded(void *user, size_t size)
{
    struct unpack_memory *memory = user;
    if (size > memory->left) {
        memory->is_exhausted = true;
        return NULL;
    }
    memory->left -= size;
    void *p = malloc(size ? size : 1);
    if (!p)
        memory->has_failed = true;
    return p;
}

static void *alloc_plain(void *user, size_t size)
{
    return malloc(size ? size : 1);
}

static void free_wiped(void *user, void *p)
{
    mem_wipe_free(p);
}

static ProtobufCAllocator wiping_allocator = {.alloc = alloc_plain, .free = free_wiped};

static bool is_sound(const ProtobufCMessage *m);

/* Are the messages that a field holds sound? */
static bool field_is_sound(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    const char *base = (const char *)m;
    const void *value = base + f->offset;
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t n = *(const size_t *)(const void *)(base + f->quantifier_offset);
        ProtobufCMessage *const *items = *(ProtobufCMessage *const *const *)value;
        for (size_t i = 0; i < n; i++)
            if (!is_sound(items[i]))
                return false;
        return true;
    }
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
        *(const uint32_t *)(const void *)(base + f->quantifier_offset) != f->id)
        return true;
    const ProtobufCMessage *single = *(ProtobufCMessage *const *)value;
    return !single || is_sound(single);
}

/*
 * protobuf-c takes a field of number 0 for an unknown one when the number is written in a
 * long form. Nothing can have that number, and what is packed again couldn't be unpacked.
 */
static bool is_sound(const ProtobufCMessage *m)
{
    for (unsigned i = 0; i < m->n_unknown_fields; i++)
        if (m->unknown_fields[i].tag == 0)
            return false;
    for (unsigned i = 0; i < m->descriptor->n_fields; i++)
        if (m->descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE &&
            !field_is_sound(m, &m->descriptor->fields[i]))
            return false;
    return true;
}

int message_unpack_within(const ProtobufCMessageDescriptor *type, const void *data,
                          size_t n, size_t limit, ProtobufCMessage **out, struct err *e)
{
    if (n > limit)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "message %s has %zu bytes, more than %zu", type->short_name, n,
                       limit);
    struct unpack_memory memory = {.left = limit *
                                           (MESSAGE_MEMORY_LIMIT / MESSAGE_SIZE_LIMIT)};
    ProtobufCAllocator allocator = {
        .alloc = alloc_bounded, .free = free_wiped, .allocator_data = &memory};
    /* protobuf-c wants a pointer even for no bytes. */
    const uint8_t *bytes = n ? data : (const uint8_t *)"";
    cleanup_message ProtobufCMessage *m =
        protobuf_c_message_unpack(type, &allocator, n, bytes);
    if (m && is_sound(m)) {
        *out = TAKE(m);
        return 0;
    }
    if (memory.has_failed)
        return err_no_memory(e);
    if (memory.is_exhausted)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "message %s needs too much memory",
                       type->short_name);
    return err_set(e, ERR_BAD_MESSAGE, "malformed message %s", type->short_name);
}

int message_unpack(const ProtobufCMessageDescriptor *type, const void *data, size_t n,
                   ProtobufCMessage **out, struct err *e)
{
    return message_unpack_within(type, data, n, MESSAGE_SIZE_LIMIT, out, e);
}

int message_pack(const ProtobufCMessage *m, struct buf *out)
{
    size_t n = protobuf_c_message_get_packed_size(m);
    int r = buf_reserve(out, n);
    if (r)
        return r;
    protobuf_c_message_pack(m, (uint8_t *)out->data + out->len);
    out->len += n;
    out->data[out->len] = '\0';
    return 0;
}

ProtobufCMessage *message_copy(const ProtobufCMessage *m)
{
    cleanup_buf struct buf wire = BUF_INIT;
    if (message_pack(m, &wire))
        return NULL;
    return protobuf_c_message_unpack(m->descriptor, &wiping_allocator, wire.len,
                                     (const uint8_t *)wire.data);
}

void message_free(ProtobufCMessage *m)
{
    if (m)
        protobuf_c_message_free_unpacked(m, &wiping_allocator);
}

void message_cleanup_free(void *pp)
{
    message_free(*(ProtobufCMessage **)pp);
}

void *message_new(const ProtobufCMessageDescriptor *type)
{
    void *m = malloc(type->sizeof_message);
    if (m)
        protobuf_c_message_init(type, m);
    return m;
}

/* ---- fields ---- */

int message_set_string(char **field, const char *value)
{
    const char *text = value ? value : "";
    char *copy = mem_dup(text, strlen(text));
    if (!copy)
        return ERR_NO_MEMORY;
    /* An unset string is one constant of protobuf-c's, which isn't ours to free. */
    if (*field != protobuf_c_empty_string)
        mem_wipe_free(*field);
    *field = copy;
    return 0;
}

int message_set_bytes(ProtobufCBinaryData *field, const void *data, size_t n)
{
    uint8_t *copy = NULL;
    if (n) {
        copy = mem_dup(data, n);
        if (!copy)
            return ERR_NO_MEMORY;
    }
    mem_wipe_free(field->data);
    *field = (ProtobufCBinaryData){.len = n, .data = copy};
    return 0;
}

int message_append(size_t *n, void *array, void *item)
{
    /* The array's elements have some other pointer type; memcpy may look at any. */
    void *items;
    memcpy(&items, array, sizeof(items));
    void *grown = reallocarray(items, *n + 1, sizeof(item));
    if (!grown)
        return ERR_NO_MEMORY;
    memcpy((char *)grown + *n * sizeof(item), &item, sizeof(item));
    memcpy(array, &grown, sizeof(grown));
    ++*n;
    return 0;
}

size_t message_field_size(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    default:
        return 4;
    }
}
