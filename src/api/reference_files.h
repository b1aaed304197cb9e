/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/private.h"
#include "oci/record.h"

/*
 * Files of containers that are made of references: mounts of the type "secret", which
 * docker passes on as it is told them:
 *
 *     --mount type=secret,source=se://db/password,target=/run/secrets/password
 *
 * A relative target is below /run/secrets, without one it is the last part of the id.
 * Engines don't know that type: each becomes a bind mount of a stand-in
 * (oci/stand_in.h), in whose place coffer-runtime puts the file.
 */

/*
 * Takes them out of a body and adds them to the record. ERR_INVALID_ARGUMENT, which names
 * the mount, for what is no reference, has no place, is in another's way or has options
 * that a secret hasn't; ERR_RESOURCE_EXHAUSTED, ERR_IO, ERR_NO_MEMORY.
 */
int api_reference_files_take(const struct api *a, json_t *body, struct record *out,
                             struct err *e) MUST_CHECK;

/* Sets the label coffer.secrets.files, "TARGET=REFERENCE,...", empty where there are
 * none: one of the image's must not stay. The body has labels. ERR_NO_MEMORY. */
int api_reference_files_label(json_t *body, const struct record *r,
                              struct err *e) MUST_CHECK;
