/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "objects/objects.h"

/* A new object id from the kernel's randomness. */
void random_id(char out[OBJECT_ID_SIZE]);
