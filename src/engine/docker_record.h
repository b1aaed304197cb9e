/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/docker_api.h"

/*
 * The record (oci/record.h) of a container that was just created is written beside the
 * loop, since it is synced. When the call is canceled meanwhile, it is written
 * nevertheless.
 */

/* Writes the call's record, which moves out, as that of a container, and ends the call
 * then: with the container's id, or why it could not be written. */
void docker_record_write(struct docker_call *c, const char *id);

/* The call, which may have none, doesn't wait for it any more. */
void docker_record_leave(struct docker_call *c);
