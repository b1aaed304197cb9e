/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Messages of protobuf-c, whatever their type: their life, and setting single fields. All
 * their memory comes from malloc and is wiped when freed, since a message may carry a
 * secret.
 */

/* The most bytes that one message may have, and the most memory that it may become. */
#define MESSAGE_SIZE_LIMIT (16 * 1024 * 1024)
#define MESSAGE_MEMORY_LIMIT (64 * 1024 * 1024)

/* Unpacks n bytes into a new message. ERR_BAD_MESSAGE for bytes that aren't one,
 * ERR_RESOURCE_EXHAUSTED for one beyond a limit, ERR_NO_MEMORY. Free: message_free. */
int message_unpack(const ProtobufCMessageDescriptor *type, const void *data, size_t n,
                   ProtobufCMessage **out, struct err *e) MUST_CHECK;

/* The same with another limit of bytes; the memory is limited in proportion. For messages
 * that come from ourselves and are long with reason. */
int message_unpack_within(const ProtobufCMessageDescriptor *type, const void *data,
                          size_t n, size_t limit, ProtobufCMessage **out,
                          struct err *e) MUST_CHECK;

/* Appends the wire form of m to out. */
int message_pack(const ProtobufCMessage *m, struct buf *out) MUST_CHECK;

/* A deep copy; NULL when there is no memory. */
ProtobufCMessage *message_copy(const ProtobufCMessage *m) MUST_CHECK;

/* Wipes and frees a message that came from unpack or copy, or was put together from
 * malloc'ed parts. NULL is fine. */
void message_free(ProtobufCMessage *m);
void message_cleanup_free(void *pp);
#define cleanup_message CLEANUP(message_cleanup_free)

/* A new, empty message of the given type (`message_new(&swarm__task__descriptor)`); NULL
 * when there is no memory. */
void *message_new(const ProtobufCMessageDescriptor *type) MUST_CHECK;

/* Sets a string field: frees what was there and copies value (NULL means ""). */
int message_set_string(char **field, const char *value) MUST_CHECK;

/* Sets a bytes field to a copy. */
int message_set_bytes(ProtobufCBinaryData *field, const void *data, size_t n) MUST_CHECK;

/* Appends to a repeated field of pointers (`message_append(&m->n_secrets, &m->secrets,
 * item)`); item is moved. When there is no memory it stays the caller's. */
int message_append(size_t *n, void *array, void *item) MUST_CHECK;

/* The bytes that one value of a field takes in its message, or in a repeated field's
 * array. */
size_t message_field_size(const ProtobufCFieldDescriptor *f);
