/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Equality of messages, over protobuf-c's descriptors: one walk for all types. The schema
 * is proto3 without `optional` scalars, so a field is one of three things: repeated, the
 * chosen member of a oneof, or single.
 */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "objects/objects.h"

static const void *at(const ProtobufCMessage *m, unsigned offset)
{
    return (const char *)m + offset;
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

static bool value_equal(const ProtobufCFieldDescriptor *f, const void *a, const void *b)
{
    switch (f->type) {
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
        return memcmp(a, b, message_field_size(f)) == 0;
    }
}

/* ---- maps ---- */

/* So many entries are compared each with each. */
#define SMALL_MAP 16

/* The wire form of one entry, which is the same for equal ones. */
struct packed {
    const uint8_t *data;
    size_t len;
};

static int compare_packed(const void *x, const void *y)
{
    const struct packed *a = x, *b = y;
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return a->len ? memcmp(a->data, b->data, a->len) : 0;
}

/* The entries packed into `bytes` and sorted; new memory, NULL when there is none. */
static struct packed *pack_sorted(size_t n, ProtobufCMessage *const *items,
                                  struct buf *bytes)
{
    size_t size = 0;
    for (size_t i = 0; i < n; i++)
        size += protobuf_c_message_get_packed_size(items[i]);
    struct packed *packed = calloc(n ? n : 1, sizeof(*packed));
    if (!packed || buf_reserve(bytes, size)) {
        free(packed);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t *at = (uint8_t *)bytes->data + bytes->len;
        packed[i] = (struct packed){at, protobuf_c_message_pack(items[i], at)};
        bytes->len += packed[i].len;
    }
    qsort(packed, n, sizeof(*packed), compare_packed);
    return packed;
}

/* The first entry from i on that differs from the one at i. */
static size_t skip_same(const struct packed *p, size_t n, size_t i)
{
    size_t next = i + 1;
    while (next < n && compare_packed(&p[i], &p[next]) == 0)
        next++;
    return next;
}

static bool sorted_equal(size_t n, const struct packed *a, const struct packed *b)
{
    size_t i = 0, k = 0;
    while (i < n && k < n) {
        if (compare_packed(&a[i], &b[k]) != 0)
            return false;
        i = skip_same(a, n, i);
        k = skip_same(b, n, k);
    }
    return i == n && k == n;
}

/* Is each of a's n messages among b's? */
static bool is_subset(size_t n, ProtobufCMessage *const *a, ProtobufCMessage *const *b)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < n && !message_equal(a[i], b[k]))
            k++;
        if (k == n)
            return false;
    }
    return true;
}

/* Maps from outside may be long and shuffled: those are sorted. Without memory for that,
 * the slow way does. */
static bool map_equal(size_t n, ProtobufCMessage *const *a, ProtobufCMessage *const *b)
{
    size_t same = 0;
    while (same < n && message_equal(a[same], b[same]))
        same++;
    if (same == n)
        return true;
    cleanup_buf struct buf bytes_a = BUF_INIT, bytes_b = BUF_INIT;
    cleanup_free struct packed *sorted_a = NULL, *sorted_b = NULL;
    if (n > SMALL_MAP) {
        sorted_a = pack_sorted(n, a, &bytes_a);
        sorted_b = pack_sorted(n, b, &bytes_b);
    }
    if (sorted_a && sorted_b)
        return sorted_equal(n, sorted_a, sorted_b);
    return is_subset(n, a, b) && is_subset(n, b, a);
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
        return map_equal(n, (ProtobufCMessage *const *)in_a,
                         (ProtobufCMessage *const *)in_b);
    size_t size = message_field_size(f);
    for (size_t i = 0; i < n; i++)
        if (!value_equal(f, in_a + i * size, in_b + i * size))
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
    return value_equal(f, at(a, f->offset), at(b, f->offset));
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
