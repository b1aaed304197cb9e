/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <coffer/coffer.h>

#include "resolver/envelope.h"

/* Secrets between the SDK and code below the callbacks. */

/* A view of an envelope: id, value, metadata. It borrows all from it, and the pairs. */
struct coffer_secret plugin_secret(const struct secret_envelope *from,
                                   struct coffer_pair pairs[SECRET_METADATA_MAX]);

/* Fills an empty envelope: id, value, metadata. ERR_INVALID_ARGUMENT,
 * ERR_RESOURCE_EXHAUSTED, ERR_NO_MEMORY. */
int plugin_envelope(const struct coffer_secret *from, struct secret_envelope *out,
                    struct err *e) MUST_CHECK;

/* Adds all envelopes of a list to an answer, with their versions and times. Returns enum
 * coffer_code, as coffer_answer_add(). */
int plugin_add_all(struct coffer_answer *answer, const struct secret_envelopes *list,
                   struct coffer_error *e);
