/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "wire/message.h"

/*
 * Messages as JSON, by protobuf's own mapping: names in camelCase (as in the schema they
 * are read too), bytes in base64 (both alphabets, padded or not), 64-bit numbers as
 * strings, enums by name (read by number too), maps as objects, google.protobuf.Timestamp
 * and Duration as "2026-11-22T01:02:03.5Z" and "1.5s". null is as if absent; fields that
 * aren't known are ignored. Of proto3 schemas only, and without floating point.
 *
 * The trees between are wiped if json_setup() was called.
 */

/* What a text may be. */
#define MESSAGE_JSON_MAX ((size_t)8 * 1024 * 1024)
#define MESSAGE_JSON_VALUES_MAX 100000
#define MESSAGE_JSON_DEPTH_MAX 32

/* Reads a text that is one object into a new message; free it with message_free.
 * ERR_INVALID_ARGUMENT, with the field's name but never its value;
 * ERR_RESOURCE_EXHAUSTED, ERR_NO_MEMORY. */
int message_from_json(const ProtobufCMessageDescriptor *type, const void *text, size_t n,
                      ProtobufCMessage **out, struct err *e) MUST_CHECK;

/* Appends m as compact text. ERR_INVALID_ARGUMENT for a string that isn't UTF-8 or a time
 * outside the years 1 to 9999; ERR_NO_MEMORY. */
int message_to_json(const ProtobufCMessage *m, struct buf *out, struct err *e) MUST_CHECK;
