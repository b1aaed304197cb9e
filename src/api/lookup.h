/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/store.h"

/*
 * Finds the object that a user means: its id, else its name, else the only one whose id
 * begins so. *out is lent by the view. ERR_NOT_FOUND "secret X not found";
 * ERR_INVALID_ARGUMENT "secret X is ambiguous (2 matches found)".
 */
int api_lookup(const struct store_view *v, enum object_kind kind, const char *text,
               const struct object **out, struct err *e) MUST_CHECK;
