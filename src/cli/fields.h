/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

/*
 * Fields of JSON objects by their path, "Spec.TaskTemplate.Networks". Reading is lenient:
 * what isn't there, or is something else, is NULL, "", 0, false.
 */
json_t *field_get(const json_t *j, const char *path);
const char *field_string(const json_t *j, const char *path);
int64_t field_int(const json_t *j, const char *path);
bool field_bool(const json_t *j, const char *path);

/* Is there an object or array with anything in it, or another value? */
bool field_has(const json_t *j, const char *path);

/*
 * Puts a value (its reference is taken, also on failure; NULL is a failure) at a path;
 * makes the objects on the way. These return 0 or ERR_NO_MEMORY.
 */
int field_set(json_t *j, const char *path, json_t *value) MUST_CHECK;
int field_set_string(json_t *j, const char *path, const char *s) MUST_CHECK;
int field_set_int(json_t *j, const char *path, int64_t n) MUST_CHECK;
int field_set_bool(json_t *j, const char *path, bool b) MUST_CHECK;

/* Removes what is at a path, if anything is. */
void field_remove(json_t *j, const char *path);

/* The array or object at a path, made if it isn't there; NULL without memory. Borrowed.
 */
json_t *field_array(json_t *j, const char *path);
json_t *field_object(json_t *j, const char *path);

/* The keys of an object in order; NULL without memory (or without keys: *n is 0 then).
 * The array is freed, the keys belong to the object. */
const char **field_sorted_keys(const json_t *object, size_t *n);
