/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/store.h"

/*
 * Private to the manager: does every secret and config that a service's spec refers to
 * exist, with that id and that name? ERR_INVALID_ARGUMENT "secret not found: a" ("secrets
 * not found: a, b", likewise for configs); ERR_NO_MEMORY.
 */
int references_check(const struct store_view *v, const Swarm__ServiceSpec *spec,
                     struct err *e) MUST_CHECK;
