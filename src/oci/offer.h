/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

/* Has a container engine coffer-runtime? Its /info says so. */
enum offer {
    OFFER_NONE,
    OFFER_USUAL, /* it runs all containers, unless they ask for another one */
    OFFER_NAMED, /* it runs those that ask for the runtime OFFER_NAME: dockerd */
};

/* The name that it must have as an engine's runtime; a path that ends in
 * "/coffer-runtime" is as good. */
#define OFFER_NAME "coffer"

bool offer_is_ours(const char *runtime);
enum offer offer_of_engine(const json_t *info);

/* Says how an engine gets it. Returns ERR_FAILED_PRECONDITION. */
int offer_refuse(struct err *e);
