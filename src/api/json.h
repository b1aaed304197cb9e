/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * JSON text in and out. Trees are jansson's; all their memory is wiped when it is freed,
 * since a body may carry a secret (api_json_setup, once, before anything is parsed).
 */

/* Values nested deeper than this are refused. */
#define API_JSON_DEPTH_MAX 128

void api_json_setup(void);

/* A jansson reference that is dropped when its variable goes. */
void api_json_cleanup(json_t **j);
#define cleanup_json CLEANUP(api_json_cleanup)

/*
 * Parses a text that is one JSON value. ERR_INVALID_ARGUMENT with the words of Go's
 * decoder, since clients show and match them: "unexpected EOF", "invalid character 'o' in
 * literal null (expecting 'u')"; "EOF" for a text without anything in it. ERR_NO_MEMORY
 * (json_read.c).
 */
int api_json_parse(const char *text, size_t n, json_t **out, struct err *e) MUST_CHECK;

/* The same for the body of a request, which must be an object: "got EOF while reading
 * request body" when there is none. */
int api_json_parse_body(const struct buf *body, json_t **out, struct err *e) MUST_CHECK;

/* The check that api_json_parse begins with (json_syntax.c): is this text one JSON value?
 */
int api_json_check(const char *text, size_t n, struct err *e) MUST_CHECK;

/* The length of the UTF-8 sequence at s (n > 0 bytes are there), 0 when it is none
 * (json_write.c). */
size_t api_json_utf8_length(const uint8_t *s, size_t n);

/* The value of a key as Go finds it: exactly, else without regard to letter case. NULL
 * when there is none, or no object. */
json_t *api_json_get(json_t *object, const char *key);

/* Appends a tree as compact text. */
int api_json_dump(const json_t *j, struct buf *out) MUST_CHECK;

/* ---- writing (json_write.c) ---- */

/*
 * Writes JSON text as Go's encoder does, without HTML escapes. The first error sticks:
 * the calls after it do nothing, and api_json_end tells it.
 */
struct api_json_out {
    struct buf *buf;
    int code;
    bool needs_comma;
};

void api_json_begin(struct api_json_out *w, struct buf *buf);

/* Ends the text with a newline. Returns 0 or ERR_NO_MEMORY. */
int api_json_end(struct api_json_out *w) MUST_CHECK;

void api_json_open(struct api_json_out *w, char bracket);  /* '{' or '[' */
void api_json_close(struct api_json_out *w, char bracket); /* '}' or ']' */
void api_json_key(struct api_json_out *w, const char *key);
void api_json_null(struct api_json_out *w);
void api_json_bool(struct api_json_out *w, bool value);
void api_json_int(struct api_json_out *w, int64_t value);
void api_json_uint(struct api_json_out *w, uint64_t value);
void api_json_float(struct api_json_out *w, float value);
void api_json_string(struct api_json_out *w, const char *s);
void api_json_string_n(struct api_json_out *w, const char *s, size_t n);
void api_json_base64(struct api_json_out *w, const void *data, size_t n);

/* A point in time as RFC 3339. */
void api_json_time(struct api_json_out *w, int64_t t);

/* A key and its string. */
void api_json_member(struct api_json_out *w, const char *key, const char *value);
