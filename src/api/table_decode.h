/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/table.h"

/* What table_decode.c (objects, lists, maps) and table_value.c (single values) share. */

/* Where we are: frames on the stack, written out only when something is wrong. */
struct table_path {
    const struct table_path *up;
    const char *name; /* NULL: an element of a list */
    size_t index;
};

/* One field on its way in. */
struct table_target {
    const struct api_field *row;
    const ProtobufCFieldDescriptor *field;
    ProtobufCMessage *message;
    const struct table_path *path;
    struct err *e;
};

/* Sets the error to "PATH: why" and returns the code. */
int table_target_refuse(const struct table_target *t, int code, const char *why);
int table_target_invalid(const struct table_target *t, const char *why);

/* Where the message has the field, and how many elements it has (or which member of the
 * oneof is set). */
void *table_target_value(const struct table_target *t);
size_t *table_target_count(const struct table_target *t);

/* Reads a string, number, bool, enum or bytes. */
int table_value_decode(const struct table_target *t, json_t *j) MUST_CHECK;

/* Reads a message that is a single value in JSON: a duration, a time, an optional bool or
 * number. False when the field's type is none of them. */
bool table_value_is_wrapped(const ProtobufCFieldDescriptor *field);
int table_value_decode_wrapped(const struct table_target *t, json_t *j) MUST_CHECK;
