/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kinds have in common stands in one table: their types and where id, meta, spec
 * and annotations lie. The functions below work on the table, not on kinds.
 */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "objects/objects.h"

struct object_type {
    const char *name;
    const ProtobufCMessageDescriptor *descriptor;
    const ProtobufCMessageDescriptor *spec;
    size_t id_offset;
    size_t meta_offset;
    size_t spec_offset;
    bool has_own_annotations;  /* annotations lie in the message, not in the spec */
    size_t annotations_offset; /* in the message or in the spec */
};

#define TYPE(kind_name, Message, message, spec_message, Spec)                            \
    {                                                                                    \
        .name = kind_name, .descriptor = &swarm__##message##__descriptor,                \
        .spec = &swarm__##spec_message##__descriptor,                                    \
        .id_offset = offsetof(Swarm__##Message, id),                                     \
        .meta_offset = offsetof(Swarm__##Message, meta),                                 \
        .spec_offset = offsetof(Swarm__##Message, spec),                                 \
        .annotations_offset = offsetof(Swarm__##Spec, annotations),                      \
    }

static const struct object_type types[OBJECT_KINDS] = {
    [OBJECT_CLUSTER] = TYPE("cluster", Cluster, cluster, cluster_spec, ClusterSpec),
    [OBJECT_NODE] = TYPE("node", Node, node, node_spec, NodeSpec),
    [OBJECT_SERVICE] = TYPE("service", Service, service, service_spec, ServiceSpec),
    [OBJECT_TASK] = {.name = "task",
                     .descriptor = &swarm__task__descriptor,
                     .spec = &swarm__task_spec__descriptor,
                     .id_offset = offsetof(Swarm__Task, id),
                     .meta_offset = offsetof(Swarm__Task, meta),
                     .spec_offset = offsetof(Swarm__Task, spec),
                     .has_own_annotations = true,
                     .annotations_offset = offsetof(Swarm__Task, annotations)},
    [OBJECT_NETWORK] = TYPE("network", Network, network, network_spec, NetworkSpec),
    [OBJECT_SECRET] = TYPE("secret", Secret, secret, secret_spec, SecretSpec),
    [OBJECT_CONFIG] = TYPE("config", Config, config, config_spec, ConfigSpec),
};

const char *object_kind_name(enum object_kind kind)
{
    assert(kind < OBJECT_KINDS);
    return types[kind].name;
}

enum object_kind object_kind_from_name(const char *name)
{
    enum object_kind kind = 0;
    while (kind < OBJECT_KINDS && !str_equal(types[kind].name, name))
        kind++;
    return kind;
}

const ProtobufCMessageDescriptor *object_descriptor(enum object_kind kind)
{
    assert(kind < OBJECT_KINDS);
    return types[kind].descriptor;
}

/* The pointer at an offset of a message, whatever its type is: memcpy may look at any. */
static void *pointer_at(const void *message, size_t offset)
{
    void *p;
    memcpy(&p, (const char *)message + offset, sizeof(p));
    return p;
}

/* Makes the sub-message that the pointer at an offset points to, unless it is there. */
static int make_present(void *message, size_t offset,
                        const ProtobufCMessageDescriptor *type)
{
    if (pointer_at(message, offset))
        return 0;
    void *made = message_new(type);
    if (!made)
        return ERR_NO_MEMORY;
    memcpy((char *)message + offset, &made, sizeof(made));
    return 0;
}

/* The message that annotations_offset counts in. */
static void *annotations_holder(const struct object_type *type, void *message)
{
    return type->has_own_annotations ? message : pointer_at(message, type->spec_offset);
}

/* What readers would otherwise have to look for all over, beyond what all kinds have. */
static int complete_kind(enum object_kind kind, void *message)
{
    int r = 0;
    if (kind == OBJECT_SERVICE) {
        r = make_present(((Swarm__Service *)message)->spec,
                         offsetof(Swarm__ServiceSpec, task),
                         &swarm__task_spec__descriptor);
    } else if (kind == OBJECT_NODE) {
        r = make_present(message, offsetof(Swarm__Node, status),
                         &swarm__node_status__descriptor);
    } else if (kind == OBJECT_TASK) {
        r = make_present(message, offsetof(Swarm__Task, status),
                         &swarm__task_status__descriptor);
        if (!r)
            r = make_present(message, offsetof(Swarm__Task, service_annotations),
                             &swarm__annotations__descriptor);
    }
    return r;
}

static int complete(enum object_kind kind, void *message)
{
    const struct object_type *type = &types[kind];
    int r = make_present(message, type->meta_offset, &swarm__meta__descriptor);
    if (!r)
        r = make_present(pointer_at(message, type->meta_offset),
                         offsetof(Swarm__Meta, version), &swarm__version__descriptor);
    if (!r)
        r = make_present(message, type->spec_offset, type->spec);
    if (!r)
        r = make_present(annotations_holder(type, message), type->annotations_offset,
                         &swarm__annotations__descriptor);
    return r ? r : complete_kind(kind, message);
}

int object_new(enum object_kind kind, void *message, struct object **out)
{
    assert(kind < OBJECT_KINDS);
    assert(((ProtobufCMessage *)message)->descriptor == types[kind].descriptor);
    cleanup_message ProtobufCMessage *owned = message;
    if (complete(kind, message))
        return ERR_NO_MEMORY;
    struct object *o = malloc(sizeof(*o));
    if (!o)
        return ERR_NO_MEMORY;
    *o = (struct object){.refs = 1, .kind = kind, .message = TAKE(owned)};
    *out = o;
    return 0;
}

int object_copy(const struct object *o, struct object **out)
{
    ProtobufCMessage *copy = message_copy(o->message);
    return copy ? object_new(o->kind, copy, out) : ERR_NO_MEMORY;
}

/* The count is not part of what is immutable about an object. */
static struct object *counted(const struct object *o)
{
    return (struct object *)(uintptr_t)o;
}

const struct object *object_ref(const struct object *o)
{
    assert(o->refs > 0);
    counted(o)->refs++;
    return o;
}

void object_unref(const struct object *o)
{
    if (!o)
        return;
    assert(o->refs > 0);
    if (--counted(o)->refs)
        return;
    message_free(o->message);
    free(counted(o));
}

void object_cleanup_unref(void *pp)
{
    object_unref(*(const struct object **)pp);
}

const char *object_id(const struct object *o)
{
    return pointer_at(o->message, types[o->kind].id_offset);
}

const char *object_name(const struct object *o)
{
    if (o->kind == OBJECT_TASK || o->kind == OBJECT_NODE)
        return "";
    return object_annotations(o)->name;
}

const Swarm__Annotations *object_annotations(const struct object *o)
{
    const struct object_type *type = &types[o->kind];
    return pointer_at(annotations_holder(type, o->message), type->annotations_offset);
}

Swarm__Meta *object_meta(const struct object *o)
{
    return pointer_at(o->message, types[o->kind].meta_offset);
}

uint64_t object_version(const struct object *o)
{
    return object_meta(o)->version->index;
}
