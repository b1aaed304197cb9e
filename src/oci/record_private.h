/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "oci/record.h"

/* Appends a copy of a text that has `length` characters to one of a record's lists. */
int record_add_text(char ***list, size_t *n, const char *text, size_t length,
                    struct err *e) MUST_CHECK;

/* Has one of these variables this name and this reference as its value? */
bool record_is_among(char *const *variables, size_t n, const char *name,
                     const char *reference);

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
