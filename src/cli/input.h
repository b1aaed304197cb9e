/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Reads a whole file of any kind (a pipe too), straight into wiped memory; "-" is
 * standard input when `standard` says so. ERR_INVALID_ARGUMENT when it is longer than
 * max, else the error of the operating system: "open PATH: ...".
 */
int input_read(const char *path, bool standard, size_t max, struct buf *out,
               struct err *e) MUST_CHECK;
