/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/private.h"

/*
 * The records (oci/record.h) and the files (oci/files.h) of containers that are gone are
 * removed: of each that the engine says of that it is (api_forget), and of all that it
 * doesn't know any more (api_sweep), which makes up for what wasn't heard. When the
 * engine can't say which containers it has, nothing is removed. A record that stays a
 * while longer does no harm, since an engine gives no id twice.
 */

/* The container's id in an engine's answer, a new string. ERR_BAD_MESSAGE without one,
 * ERR_NO_MEMORY. */
int api_records_id(const struct buf *answer, char **out, struct err *e) MUST_CHECK;
