/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "manager/manager.h"

/*
 * Private to assignments.c: a message to a node while it is put together. It counts the
 * bytes of the objects in it, so that it can be ended in time.
 */
struct assignment_message {
    Swarm__AssignmentsMessage *message; /* owned */
    size_t size;
};

/* ERR_NO_MEMORY. */
int assignment_message_init(struct assignment_message *m) MUST_CHECK;
void assignment_message_deinit(struct assignment_message *m);

/* Are there ASSIGNMENTS_MESSAGE_SIZE bytes in it? */
bool assignment_message_is_full(const struct assignment_message *m);

/* The node must have this task, secret or config; it is copied. ERR_NO_MEMORY. */
int assignment_message_update(struct assignment_message *m,
                              const struct object *o) MUST_CHECK;

/* The node must have it no longer. ERR_NO_MEMORY. */
int assignment_message_remove(struct assignment_message *m, enum object_kind kind,
                              const char *id) MUST_CHECK;
