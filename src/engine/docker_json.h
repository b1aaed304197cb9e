/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "objects/objects.h"
#include "json/json.h"

/* Building and reading JSON: small helpers over jansson. */

/* Moves value into o under key. Either may be NULL: there was no memory for it, and
 * ERR_NO_MEMORY is returned. The key is UTF-8. */
int docker_json_put(json_t *o, const char *key, json_t *value) MUST_CHECK;
int docker_json_append(json_t *array, json_t *value) MUST_CHECK;

/* The same for text from outside, key included. ERR_INVALID_ARGUMENT for what isn't
 * UTF-8. */
int docker_json_put_string(json_t *o, const char *key, const char *value) MUST_CHECK;
int docker_json_append_string(json_t *array, const char *value) MUST_CHECK;

/* These leave the key out when the value is empty or zero. */
int docker_json_put_text(json_t *o, const char *key, const char *value) MUST_CHECK;
int docker_json_put_number(json_t *o, const char *key, int64_t value) MUST_CHECK;
int docker_json_put_true(json_t *o, const char *key, bool value) MUST_CHECK;
int docker_json_put_texts(json_t *o, const char *key, size_t n,
                          char *const *values) MUST_CHECK;
int docker_json_put_pairs(json_t *o, const char *key, size_t n,
                          Swarm__Pair *const *pairs) MUST_CHECK;

/* The object below key, NULL when there is none; "" and 0 for absent members. */
json_t *docker_json_object(const json_t *o, const char *key);
const char *docker_json_text(const json_t *o, const char *key);
int64_t docker_json_number(const json_t *o, const char *key);

/* The same for what the engine must not say otherwise: a text of at most max bytes, a
 * whole number within bounds. ERR_BAD_MESSAGE with the key. */
int docker_json_read_text(const json_t *o, const char *key, size_t max, const char **out,
                          struct err *e) MUST_CHECK;
int docker_json_read_int(const json_t *o, const char *key, int64_t min, int64_t max,
                         int64_t *out, struct err *e) MUST_CHECK;
