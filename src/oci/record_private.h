/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "oci/record.h"

/* The files of a record, and their list in its JSON: what record.c asks of
 * record_files.c. */
void record_files_deinit(struct record *r);

/* Of a list that may be NULL. ERR_DATA_LOSS, ERR_RESOURCE_EXHAUSTED, ERR_NO_MEMORY. */
int record_files_read(struct record *r, const json_t *list, struct err *e) MUST_CHECK;

/* Puts them into the object; not 0: no memory. */
int record_files_write(const struct record *r, json_t *record) MUST_CHECK;

/* The same for what was given to it; record_given.c. */
void record_given_deinit(struct record *r);
int record_given_read(struct record *r, json_t *object, struct err *e) MUST_CHECK;
int record_given_write(const struct record *r, json_t *record) MUST_CHECK;
