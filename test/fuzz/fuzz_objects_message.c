/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages from foreign bytes: the first byte chooses the type, the rest is the message.
 * What can be unpacked survives packing and copying unchanged; what it asks for can be
 * judged whatever it is.
 */
#include <stdint.h>

#include "objects/objects.h"
#include "swarm/ca.pb-c.h"
#include "swarm/dispatcher.pb-c.h"
#include "swarm/health.pb-c.h"
#include "swarm/logbroker.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The kinds of objects come before these. */
static const ProtobufCMessageDescriptor *const protocol[] = {
    &swarm__session_request__descriptor,
    &swarm__session_message__descriptor,
    &swarm__heartbeat_request__descriptor,
    &swarm__heartbeat_response__descriptor,
    &swarm__update_task_status_request__descriptor,
    &swarm__tasks_message__descriptor,
    &swarm__assignments_message__descriptor,
    &swarm__node_certificate_status_response__descriptor,
    &swarm__issue_node_certificate_request__descriptor,
    &swarm__issue_node_certificate_response__descriptor,
    &swarm__get_unlock_key_response__descriptor,
    &swarm__subscription_message__descriptor,
    &swarm__publish_logs_message__descriptor,
    &swarm__subscribe_logs_request__descriptor,
    &swarm__health_check_request__descriptor,
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void pack_is_stable(const ProtobufCMessage *m)
{
    cleanup_buf struct buf once = BUF_INIT;
    cleanup_buf struct buf twice = BUF_INIT;
    cleanup_message ProtobufCMessage *again = NULL;
    must(message_pack(m, &once) == 0);
    must(message_unpack(m->descriptor, once.data, once.len, &again, NULL) == 0);
    must(message_equal(m, again));
    must(message_pack(again, &twice) == 0);
    must(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
}

static void copy_is_equal(const ProtobufCMessage *m)
{
    cleanup_message ProtobufCMessage *copy = message_copy(m);
    must(copy && message_equal(m, copy) && message_equal(copy, m));
}

/* A refusal has a text. */
static void judge(int r, const struct err *e)
{
    must(r == 0 || (r == e->code && e->text[0]));
}

static void validate(const struct object *o)
{
    struct err e = {0};
    switch (o->kind) {
    case OBJECT_CLUSTER:
        judge(cluster_spec_validate(o->cluster->spec, &e), &e);
        break;
    case OBJECT_NODE:
        judge(node_spec_validate(o->node->spec, &e), &e);
        break;
    case OBJECT_SERVICE:
        judge(service_spec_validate(o->service->spec, &e), &e);
        break;
    case OBJECT_SECRET:
        judge(secret_spec_validate(o->secret->spec, &e), &e);
        break;
    case OBJECT_CONFIG:
        judge(config_spec_validate(o->config->spec, &e), &e);
        break;
    default:
        break;
    }
}

static void use_as_object(enum object_kind kind, const ProtobufCMessage *m)
{
    cleanup_object struct object *o = NULL;
    must(object_new(kind, message_copy(m), &o) == 0);
    must(object_id(o) && object_name(o));
    validate(o);
    if (kind == OBJECT_TASK) {
        char *name = task_container_name(o->task);
        must(name && task_state_name(o->task->status->state));
        free(name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    size_t choice = data[0] % (OBJECT_KINDS + ARRAY_SIZE(protocol));
    const ProtobufCMessageDescriptor *type =
        choice < OBJECT_KINDS ? object_descriptor((enum object_kind)choice)
                              : protocol[choice - OBJECT_KINDS];
    cleanup_message ProtobufCMessage *m = NULL;
    if (message_unpack(type, data + 1, size - 1, &m, NULL))
        return 0;
    pack_is_stable(m);
    copy_is_equal(m);
    if (choice < OBJECT_KINDS)
        use_as_object((enum object_kind)choice, m);
    return 0;
}
