/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "wire/message_json.h"

/* What the files of the JSON mapping share. */

/* Longer names there are not in our schemas. */
#define FIELD_NAME_SIZE 64

/* "created_at" as "createdAt". */
void message_json_name(const char *name, char out[FIELD_NAME_SIZE]);

/* Is a repeated field a map of the schema? Its entry's fields are then key and value. */
bool message_json_is_map(const ProtobufCMessageDescriptor *owner,
                         const ProtobufCFieldDescriptor *f);

/* ---- times (message_json_time.c) ---- */

#define TIME_TEXT_SIZE 96

enum time_kind {
    TIME_NONE,
    TIME_POINT,    /* google.protobuf.Timestamp */
    TIME_DURATION, /* google.protobuf.Duration */
};

enum time_kind message_json_time_kind(const ProtobufCMessageDescriptor *type);

/* False: out of range. */
bool message_json_format_time(enum time_kind kind, int64_t seconds, int32_t nanos,
                              char out[TIME_TEXT_SIZE]) MUST_CHECK;

/* False: not of that form, or out of range. */
bool message_json_parse_time(enum time_kind kind, const char *s, int64_t *seconds,
                             int32_t *nanos) MUST_CHECK;
