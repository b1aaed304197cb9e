/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/json.h"
#include "objects/objects.h"
#include "store/store.h"

/*
 * The `filters` of a list: keys with values, in either of the forms that clients send,
 * {"label":{"a=b":true}} or {"label":["a=b"]}. A filter that isn't there matches all; of
 * one with several values one must match, but of labels each.
 */
struct api_filters {
    json_t *keys; /* object of lists of strings; NULL: none */
};

#define API_FILTERS_INIT                                                                 \
    {                                                                                    \
        0                                                                                \
    }

/* text may be NULL. ERR_INVALID_ARGUMENT with the words of Go for bad JSON; "Invalid
 * filter 'foo'" for a key that is none of `allowed` (NULL-terminated; NULL: all are). */
int api_filters_parse(struct api_filters *f, const char *text, const char *const *allowed,
                      struct err *e) MUST_CHECK;
void api_filters_deinit(struct api_filters *f);
#define cleanup_filters CLEANUP(api_filters_deinit)

bool api_filters_has(const struct api_filters *f, const char *key);

/* How many values a key has, and each of them. */
size_t api_filters_count(const struct api_filters *f, const char *key);
const char *api_filters_value(const struct api_filters *f, const char *key, size_t i);

bool api_filters_match(const struct api_filters *f, const char *key, const char *value);
bool api_filters_match_prefix(const struct api_filters *f, const char *key,
                              const char *value);
bool api_filters_match_labels(const struct api_filters *f, const char *key, size_t n,
                              Swarm__Pair *const *labels);

/* Appends to out those objects of a list that a function finds matching. */
int api_filters_select(const struct object_list *all, const struct api_filters *f,
                       bool (*is_match)(const struct api_filters *f,
                                        const struct object *o),
                       struct object_list *out, struct err *e) MUST_CHECK;

/* Appends one more. */
int api_filters_add(struct object_list *l, const struct object *o) MUST_CHECK;
