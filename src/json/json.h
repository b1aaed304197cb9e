/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * JSON text in and out. Trees are jansson's; its reader isn't used, since without memory
 * it writes past the end of a string. Text is foreign: how long it may be, how deep, and
 * of how many values is the caller's to say, and is checked before anything is built.
 */

/*
 * Makes jansson wipe whatever it frees, since a text may carry a secret. Once, before the
 * first tree is made; again does no harm.
 */
void json_setup(void);

/* A jansson reference that is dropped when its variable goes. */
void json_cleanup(json_t **j);
#define cleanup_json CLEANUP(json_cleanup)

/* No limit allows more nesting than this: the reader is recursive. */
#define JSON_DEPTH_MAX 128

/*
 * What a text may be. An empty object of two characters takes about 200 bytes as a tree:
 * `values` is what bounds the memory. All three are needed, none is "no limit".
 */
struct json_limits {
    size_t bytes;   /* of the whole text */
    size_t values;  /* in one tree, the outermost included, keys not counted */
    unsigned depth; /* of objects and arrays within each other; up to JSON_DEPTH_MAX */
    bool mends_strings; /* a NUL or half a surrogate pair is read as U+FFFD, no error */
};

/*
 * Reads a text (it need not end in a NUL) that is one JSON value of any type. The tree is
 * the caller's. On an error *out stays as it was.
 *
 * ERR_INVALID_ARGUMENT: the text is no JSON, told in the words of Go's decoder
 * ("unexpected EOF", "invalid character 'o' in literal null (expecting 'u')", "EOF" for a
 * text of white space alone). Or it is not for us: a string has a NUL, bytes that aren't
 * UTF-8 or half a surrogate pair, or neither int64_t nor double can hold a number.
 *
 * ERR_RESOURCE_EXHAUSTED: a limit was reached; the error says which. ERR_NO_MEMORY.
 *
 * What an error says has at most one character of the text that was read, so none of a
 * secret's.
 */
int json_read(const void *text, size_t n, const struct json_limits *l, json_t **out,
              struct err *e) MUST_CHECK;

/* Appends a tree as compact text. Returns 0 or ERR_NO_MEMORY: then out may end in a part
 * of it. jansson's own writers (json_dumps) pass over a key that finds no memory. */
int json_write(const json_t *j, struct buf *out) MUST_CHECK;

/* How a text looks. All zero: compact, members in their order, numbers as exact as
 * needed. */
struct json_style {
    bool sorts_keys;
    unsigned indent; /* blanks a level, each member on a line of its own; up to 31 */
    unsigned digits; /* of a number that isn't whole, at most; up to 31 */
};

/* The same in a style. */
int json_write_style(const json_t *j, const struct json_style *style,
                     struct buf *out) MUST_CHECK;

/* The length of the UTF-8 sequence at s (n > 0 bytes are there), 0 when it is none. */
size_t json_utf8_length(const uint8_t *s, size_t n);

/* Is it a text that JSON can have, UTF-8? jansson tells one that isn't as missing memory.
 */
bool json_is_text(const char *s);

/*
 * Members that must be there with a given type, of an object (or NULL, which has none).
 * ERR_INVALID_ARGUMENT with the key: "version: must be a whole number from 1 to 9". The
 * text belongs to the object.
 */
int json_get_text(const json_t *o, const char *key, const char **out,
                  struct err *e) MUST_CHECK;
int json_get_bool(const json_t *o, const char *key, bool *out, struct err *e) MUST_CHECK;
int json_get_int(const json_t *o, const char *key, int64_t min, int64_t max, int64_t *out,
                 struct err *e) MUST_CHECK;
