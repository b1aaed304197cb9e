/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "oci/spec.h"
#include "json/json.h"

extern const struct json_limits spec_limits;

/*
 * The value of a key in the object at `object`, of a text that is JSON within
 * spec_limits. False when there is none, or `object` is no object; of two of the same
 * name the last is found, as runtimes do it. A key is compared as it is written, without
 * escapes.
 */
bool spec_find(const struct buf *text, struct span object, const char *key,
               struct span *out);

/* The object of the whole text. */
struct span spec_whole(const struct spec *s);

/* Reads the value there. */
int spec_value(const struct buf *text, struct span at, json_t **out,
               struct err *e) MUST_CHECK;
