/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/client.h"

/*
 * Completes the name of a spec's image with its tag. If it may `ask`, pins it to the
 * digest that the registry has for it now, so that all nodes run the same; where the
 * registry can't be asked, the image stays as it is and *unpinned is set.
 */
int service_pin_image(json_t *spec, struct client *c, bool ask, bool *unpinned,
                      struct err *e) MUST_CHECK;

/* Warns of an image that could not be pinned, on standard error. */
void service_warn_unpinned(const json_t *spec);
