/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define API_PATH_VERSION_SIZE 16

/* The path of a request: "/v1.41/secrets/x" is version 1.41 and "/secrets/x". */
struct api_path {
    char version[API_PATH_VERSION_SIZE]; /* "" without one */
    unsigned major, minor;               /* of the version; ours without one */
    const char *rest;                    /* a part of the path that was given */
};

/* Splits a path. A first element that only looks like a version stays in `rest`. */
void api_path_parse(const char *path, struct api_path *out);

/* Is the version older, or newer, than what we speak? */
bool api_path_is_too_old(const struct api_path *p);
bool api_path_is_too_new(const struct api_path *p);

/* Is it older than that version ("1.44")? */
bool api_path_is_older(const struct api_path *p, const char *version);

/*
 * Does a path match a pattern? In it, "*" is one element and "**" one or more:
 * "/secrets/ * /update" (without the spaces). *id is what the first of them stands for,
 * in the path, and *n its length; untouched without a match.
 */
bool api_path_match(const char *pattern, const char *path, const char **id, size_t *n);
