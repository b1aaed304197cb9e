/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/* Paths as text: nothing is looked up, no link is followed. */

/* Is it the directory itself, or below it? Both are absolute and plain: no part of them
 * is empty, "." or "..". */
bool path_is_within(const char *path, const char *directory);
