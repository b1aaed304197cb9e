/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "oci/offer.h"
#include "oci/record.h"

struct http_exchange;

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
 *     coffer.secrets.files     which files are made of which references
 */
#define API_LABEL_PREFIX "coffer.secrets."

/* Adds what the environment asks for to an empty record: references, and with falls_back
 * the variables that are there and empty. ERR_RESOURCE_EXHAUSTED, ERR_NO_MEMORY; to be
 * deinited whatever comes back. */
int api_references_find(json_t *body, bool falls_back, struct record *out,
                        struct err *e) MUST_CHECK;

/* ERR_INVALID_ARGUMENT when the body has a label that is ours to set. */
int api_references_check_labels(json_t *body, struct err *e) MUST_CHECK;

/* Sets the labels, empty ones too: those of the image must not stay. */
int api_references_label(json_t *body, const struct record *r, struct err *e) MUST_CHECK;

/* Whose references they are: the caller's, as the kernel knows it. ERR_PERMISSION_DENIED
 * for one that it doesn't know, who didn't come by a unix socket. */
int api_references_caller(const struct http_exchange *x, uid_t *out,
                          struct err *e) MUST_CHECK;

/*
 * Which runtime the container gets, by what the engine offers. The body is changed where
 * dockerd must be told.
 * ERR_FAILED_PRECONDITION, with what to do, when the engine hasn't got coffer-runtime or
 * the user wants another one.
 */
int api_references_choose_runtime(json_t *body, enum offer offer,
                                  struct err *e) MUST_CHECK;
