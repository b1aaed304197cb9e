/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "objects/objects.h"

/* Building and reading JSON: small helpers over jansson. */

/* Moves value into o under key and returns 0; a value of NULL is what jansson gives for
 * text that isn't UTF-8: ERR_INVALID_ARGUMENT. o may be NULL (no memory for it). */
int docker_json_put(json_t *o, const char *key, json_t *value) MUST_CHECK;
int docker_json_append(json_t *array, json_t *value) MUST_CHECK;

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

void docker_json_cleanup(json_t **j);
#define cleanup_json CLEANUP(docker_json_cleanup)
