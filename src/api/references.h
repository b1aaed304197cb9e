/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "oci/record.h"

/*
 * References to secrets in the body of a container's creation. They stay there: the
 * engine's own configuration and `inspect` show them, and coffer-runtime resolves them
 * when a process starts.
 *
 * Labels with this prefix are for people who inspect a container; users can't set them,
 * and nothing is decided by them:
 *     coffer.secrets.uid       whose secrets engine is asked
 *     coffer.secrets.fallback  the empty variables that are the secret of their name, if
 *                              there is one
 */
#define API_LABEL_PREFIX "coffer.secrets."

/* What a body asks for. The names are its own. */
struct api_references {
    const char *first; /* a variable with a reference, "KEY=se://...", lent; NULL: none */
    char *keys[RECORD_KEYS_MAX]; /* of variables that are there and empty */
    size_t n_keys;
};

/* Looks at the environment; at empty variables only with falls_back.
 * ERR_RESOURCE_EXHAUSTED, ERR_NO_MEMORY; to be deinited whatever comes back. */
int api_references_find(json_t *body, bool falls_back, struct api_references *out,
                        struct err *e) MUST_CHECK;
void api_references_deinit(struct api_references *r);

/* ERR_INVALID_ARGUMENT when the body has a label that is ours to set. */
int api_references_check_labels(json_t *body, struct err *e) MUST_CHECK;

/* Sets the labels. */
int api_references_label(json_t *body, const struct api_references *r, uid_t uid,
                         struct err *e) MUST_CHECK;

/*
 * Which runtime the container gets, by the engine's /info (NULL: it is known that
 * coffer-runtime is the default). The body is changed where dockerd must be told.
 * ERR_FAILED_PRECONDITION, with what to do, when the engine hasn't got coffer-runtime or
 * the user wants another one.
 */
int api_references_choose_runtime(json_t *body, json_t *info, struct err *e) MUST_CHECK;
