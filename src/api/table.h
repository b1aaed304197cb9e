/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/json.h"
#include "objects/objects.h"

/*
 * Docker's JSON for the protocol's messages: one table for each type of message, one row
 * for each field, which names the field on both sides. What a row needs besides (is it a
 * number, a list, a map, a duration in nanoseconds...) follows from the message's
 * descriptor. From a table come decoder, encoder and the path in an error.
 *
 * Keys are found as Go finds them: exactly, else without regard to letter case; unknown
 * ones are ignored, null leaves a field as it is. A row that only refuses stands for a
 * field of Docker's that has no place here.
 */

/* Entries that one list or map may have. */
#define API_LIST_MAX 4096

/* When an encoder writes a field. */
enum api_show {
    API_OMIT,   /* unless it is zero, empty or absent */
    API_ALWAYS, /* an absent message as its empty self */
    API_NULL,   /* null when absent */
    API_EMPTY,  /* {} when absent */
    API_NEVER,  /* it is only read */
};

enum {
    API_INLINE = 1 << 0,   /* the fields of the sub-message stand beside its siblings; no
                              `proto`: another table for the same message */
    API_TEXT = 1 << 1,     /* bytes that are text, not base64 */
    API_KEEP = 1 << 2,     /* a zero or an empty text leaves the field as it is (in an
                              update) */
    API_REQUIRED = 1 << 3, /* an enum that must be given */
    API_REFUSE = 1 << 4,   /* has no place: refused unless null, zero or empty */
    API_BY_VALUE = 1 << 5, /* a duration that is left out when it is zero */
};

/* The words of an enum. The first of a value is what is written. */
struct api_names {
    const char *what; /* "invalid WHAT: "x"" */
    size_t n;
    const struct api_name {
        const char *name;
        int value;
    } * names;
};

struct api_table;

/* For a field that needs more than a row. */
struct api_custom {
    int (*decode)(ProtobufCMessage *m, json_t *j, struct err *e);
    /* Writes the key and the value, or nothing. NULL: never written. */
    void (*encode)(const ProtobufCMessage *m, const char *name, struct api_json_out *w);
};

struct api_field {
    const char *name;  /* "TaskTemplate" */
    const char *proto; /* "task" */
    enum api_show show;
    unsigned flags;
    int preset; /* the value of an enum or a uint64 that the object doesn't give */
    const struct api_table *table; /* of a sub-message, or of a list's */
    const struct api_names *names;
    const struct api_custom *custom;
};

struct api_table {
    const ProtobufCMessageDescriptor *type;
    size_t n;
    const struct api_field *fields;
};

/*
 * Reads an object into a message, which may hold something already: what the object
 * doesn't name stays. ERR_INVALID_ARGUMENT "TaskTemplate.ForceUpdate: must be a number";
 * ERR_UNIMPLEMENTED for a field without a place; ERR_NO_MEMORY.
 */
int api_table_decode(const struct api_table *table, json_t *object, ProtobufCMessage *m,
                     struct err *e) MUST_CHECK;

/* Reads an object into a new message (in which the presets hold). */
int api_table_decode_new(const struct api_table *table, json_t *object,
                         ProtobufCMessage **out, struct err *e) MUST_CHECK;

/* Writes a message as an object. */
void api_table_encode(const struct api_table *table, const ProtobufCMessage *m,
                      struct api_json_out *w);

/* Writes its fields without the brackets. */
void api_table_encode_fields(const struct api_table *table, const ProtobufCMessage *m,
                             struct api_json_out *w);

/* The word of an enum's value, NULL when it has none; and back: false for a word that is
 * none (letter case doesn't matter). */
const char *api_names_get(const struct api_names *names, int value);
bool api_names_find(const struct api_names *names, const char *word, int *value);

/* The descriptor of a row's field; NULL when the row has none. */
const ProtobufCFieldDescriptor *api_table_field(const struct api_table *table,
                                                const struct api_field *row);
