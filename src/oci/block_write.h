/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/*
 * Appends a variable to a block (oci/block.h); an empty buffer becomes one. The name
 * isn't empty and has no '='. ERR_INVALID_ARGUMENT when the value has a NUL, which no
 * environment can hold; ERR_RESOURCE_EXHAUSTED over a limit of blocks; ERR_NO_MEMORY. The
 * texts are about the value ("the value has a NUL byte, ..."); the caller says whose.
 */
int block_append(struct buf *block, const char *name, const void *value, size_t n,
                 struct err *e) MUST_CHECK;
