/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/private.h"
#include "api/references.h"

/*
 * Creates a container that has references to secrets, and answers x as the engine does:
 * with the labels, on the right runtime, and with a record of who asked. The container is
 * told only when its record is there. body and asks move in.
 */
void api_create_with_references(struct api *a, struct http_exchange *x, json_t *body,
                                struct record *asks);
