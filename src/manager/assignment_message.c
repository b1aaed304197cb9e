/* SPDX-License-Identifier: Apache-2.0 */
#include "manager/assignment_message.h"

#include "base/mem.h"

int assignment_message_init(struct assignment_message *m)
{
    *m = (struct assignment_message){
        .message = message_new(&swarm__assignments_message__descriptor)};
    return m->message ? 0 : ERR_NO_MEMORY;
}

void assignment_message_deinit(struct assignment_message *m)
{
    message_free((ProtobufCMessage *)TAKE(m->message));
}

bool assignment_message_is_full(const struct assignment_message *m)
{
    return m->size >= ASSIGNMENTS_MESSAGE_SIZE;
}

static int add_change(Swarm__AssignmentsMessage *m, Swarm__Assignment *item,
                      Swarm__AssignmentChange__AssignmentAction action)
{
    cleanup_message Swarm__Assignment *owned = item;
    cleanup_message Swarm__AssignmentChange *change =
        message_new(&swarm__assignment_change__descriptor);
    if (!change)
        return ERR_NO_MEMORY;
    change->action = action;
    change->assignment = TAKE(owned);
    if (message_append(&m->n_changes, &m->changes, change))
        return ERR_NO_MEMORY;
    change = NULL;
    return 0;
}

/* An object as an assignment, which takes it over. */
static Swarm__Assignment *wrap(enum object_kind kind, ProtobufCMessage *object)
{
    cleanup_message ProtobufCMessage *owned = object;
    Swarm__Assignment *item = message_new(&swarm__assignment__descriptor);
    if (!item || !object)
        return item;
    switch (kind) {
    case OBJECT_TASK:
        item->item_case = SWARM__ASSIGNMENT__ITEM_TASK;
        item->task = (Swarm__Task *)TAKE(owned);
        break;
    case OBJECT_SECRET:
        item->item_case = SWARM__ASSIGNMENT__ITEM_SECRET;
        item->secret = (Swarm__Secret *)TAKE(owned);
        break;
    default:
        item->item_case = SWARM__ASSIGNMENT__ITEM_CONFIG;
        item->config = (Swarm__Config *)TAKE(owned);
    }
    return item;
}

int assignment_message_update(struct assignment_message *m, const struct object *o)
{
    ProtobufCMessage *copy = message_copy(o->message);
    Swarm__Assignment *item = copy ? wrap(o->kind, copy) : NULL;
    if (!item)
        return ERR_NO_MEMORY;
    m->size += protobuf_c_message_get_packed_size(o->message);
    return add_change(m->message, item,
                      SWARM__ASSIGNMENT_CHANGE__ASSIGNMENT_ACTION__UPDATE);
}

/* A removed object is told by its id alone. */
int assignment_message_remove(struct assignment_message *m, enum object_kind kind,
                              const char *id)
{
    ProtobufCMessage *object = message_new(object_descriptor(kind));
    if (!object)
        return ERR_NO_MEMORY;
    Swarm__Assignment *item = wrap(kind, object);
    if (!item)
        return ERR_NO_MEMORY;
    char **field = kind == OBJECT_TASK     ? &item->task->id
                   : kind == OBJECT_SECRET ? &item->secret->id
                                           : &item->config->id;
    if (message_set_string(field, id)) {
        message_free(&item->base);
        return ERR_NO_MEMORY;
    }
    m->size += OBJECT_ID_SIZE;
    return add_change(m->message, item,
                      SWARM__ASSIGNMENT_CHANGE__ASSIGNMENT_ACTION__REMOVE);
}
