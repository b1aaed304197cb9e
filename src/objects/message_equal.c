/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Equality of messages, over protobuf-c's descriptors: one walk for all types. The schema
 * is proto3 without `optional` scalars, so a field is one of three things: repeated, the
 * chosen member of a oneof, or single.
 */
#include <math.h>
#include <string.h>

#include "objects/objects.h"

static const void *at(const ProtobufCMessage *m, unsigned offset)
{
    return (const char *)m + offset;
}

/* The bytes that one value takes in a struct or an array. */
static size_t value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return sizeof(uint32_t);
    }
}

static bool string_equal(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool bytes_equal(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    return a->len == b->len && (!a->len || memcmp(a->data, b->data, a->len) == 0);
}

/* Zero has two forms, of which the wire keeps one; what is not a number equals itself
 * here. */
static bool float_equal(const float *a, const float *b)
{
    return *a == *b || (isnan(*a) && isnan(*b));
}

static bool value_equal(ProtobufCType type, const void *a, const void *b)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
        return string_equal(*(char *const *)a, *(char *const *)b);
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_equal(a, b);
    case PROTOBUF_C_TYPE_MESSAGE:
        return message_equal(*(ProtobufCMessage *const *)a,
                             *(ProtobufCMessage *const *)b);
    case PROTOBUF_C_TYPE_FLOAT:
        return float_equal(a, b);
    default:
        return memcmp(a, b, value_size(type)) == 0;
    }
}

/* Is each of a's n messages among b's? The search starts at the same place, where it is
 * in all but odd cases. */
static bool is_subset(size_t n, ProtobufCMessage *const *a, ProtobufCMessage *const *b)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < n && !message_equal(a[i], b[(i + k) % n]))
            k++;
        if (k == n)
            return false;
    }
    return true;
}

static bool is_map(const ProtobufCFieldDescriptor *f)
{
    return f->descriptor == &swarm__pair__descriptor ||
           f->descriptor == &swarm__blacklisted_certificate_entry__descriptor;
}

static bool repeated_equal(const ProtobufCFieldDescriptor *f, const ProtobufCMessage *a,
                           const ProtobufCMessage *b)
{
    size_t n = *(const size_t *)at(a, f->quantifier_offset);
    if (n != *(const size_t *)at(b, f->quantifier_offset))
        return false;
    const char *in_a = *(char *const *)at(a, f->offset);
    const char *in_b = *(char *const *)at(b, f->offset);
    if (is_map(f))
        return is_subset(n, (ProtobufCMessage *const *)in_a,
                         (ProtobufCMessage *const *)in_b) &&
               is_subset(n, (ProtobufCMessage *const *)in_b,
                         (ProtobufCMessage *const *)in_a);
    size_t size = value_size(f->type);
    for (size_t i = 0; i < n; i++)
        if (!value_equal(f->type, in_a + i * size, in_b + i * size))
            return false;
    return true;
}

static bool field_equal(const ProtobufCFieldDescriptor *f, const ProtobufCMessage *a,
                        const ProtobufCMessage *b)
{
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return repeated_equal(f, a, b);
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        uint32_t chosen = *(const uint32_t *)at(a, f->quantifier_offset);
        if (chosen != *(const uint32_t *)at(b, f->quantifier_offset))
            return false;
        if (chosen != f->id)
            return true;
    }
    return value_equal(f->type, at(a, f->offset), at(b, f->offset));
}

static bool unknown_equal(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    if (a->n_unknown_fields != b->n_unknown_fields)
        return false;
    for (unsigned i = 0; i < a->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *x = &a->unknown_fields[i];
        const ProtobufCMessageUnknownField *y = &b->unknown_fields[i];
        if (x->tag != y->tag || x->wire_type != y->wire_type || x->len != y->len ||
            (x->len && memcmp(x->data, y->data, x->len) != 0))
            return false;
    }
    return true;
}

bool message_equal(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    if (a == b)
        return true;
    if (!a || !b || a->descriptor != b->descriptor)
        return false;
    for (unsigned i = 0; i < a->descriptor->n_fields; i++)
        if (!field_equal(&a->descriptor->fields[i], a, b))
            return false;
    return unknown_equal(a, b);
}
