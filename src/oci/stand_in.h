/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/*
 * What an engine is told in the place of a file that is made of a reference: a read-only
 * bind mount of an empty file, "<folder of the records>/.file". coffer-runtime puts the
 * real file there. So the engine knows the place as it knows any mount; and a container
 * that is started without its record, which says what belongs there, is refused.
 */

/* Its path; an absolute one without links when the folder is there. A new string.
 * ERR_NO_MEMORY. */
int stand_in_path(const char *references, char **out, struct err *e) MUST_CHECK;

/* Makes it, and the folder (0700), when they are missing. ERR_IO, ERR_NO_MEMORY. */
int stand_in_make(const char *references, char **out, struct err *e) MUST_CHECK;
