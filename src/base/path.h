/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/* Paths as text: nothing is looked up, no link is followed. */

/* An absolute path made plain: no part of it is empty, "." or "..". New memory; NULL when
 * there is none. */
char *path_clean(const char *path);

/* Is it the directory itself, or below it? Both are absolute and plain: no part of them
 * is empty, "." or "..". */
bool path_is_within(const char *path, const char *directory);
