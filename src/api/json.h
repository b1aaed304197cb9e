/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "json/json.h"

/*
 * JSON text of the API: layer `json` within the API's limits and with its errors, keys as
 * Go finds them, and a writer that writes as Go does.
 */

/* Values in one text, and how deep they may be nested. */
#define API_JSON_VALUES_MAX ((size_t)256 * 1024)
#define API_JSON_DEPTH_MAX JSON_DEPTH_MAX

/*
 * Parses a text that is one JSON value; the text may be as long as API_BODY_MAX. What
 * json_read refuses is ERR_INVALID_ARGUMENT with json_read's words, which clients show
 * and match. ERR_NO_MEMORY.
 */
int api_json_parse(const char *text, size_t n, json_t **out, struct err *e) MUST_CHECK;

/* The same for the body of a request, which must be an object: "got EOF while reading
 * request body" when there is none. */
int api_json_parse_body(const struct buf *body, json_t **out, struct err *e) MUST_CHECK;

/* The value of a key as Go finds it: exactly, else without regard to letter case. NULL
 * when there is none, or no object. */
json_t *api_json_get(json_t *object, const char *key);

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
