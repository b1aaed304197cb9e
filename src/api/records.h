/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/private.h"

/*
 * Removes the records (oci/record.h) and the files (oci/files.h) of containers that are
 * gone, now and then: at the first call and at each API_RECORDS_BETWEEN-th after it. A
 * record that stays a while longer does no harm, since an engine gives no id twice. When
 * the engine can't say which containers it has, nothing is removed.
 */
#define API_RECORDS_BETWEEN 64

void api_records_sweep(struct api *a);

/* The same at this call. */
void api_records_sweep_now(struct api *a);
