/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "oci/references.h"

/* A source that asks a user's secrets engine, through libcoffer. */
struct asking;

/* Nothing is connected yet; the time is for all that is asked for from now on.
 * ERR_NO_MEMORY. */
int asking_new(uid_t uid, unsigned timeout_seconds, struct asking **out,
               struct err *e) MUST_CHECK;

/* secret_source's get(), with a struct asking as its user. Root's engine is started when
 * none answers; where another user's is missing, the words say how to start it. */
int asking_get(struct asking *a, const char *pattern, struct secret_envelopes *out,
               struct err *e) MUST_CHECK;
void asking_free(struct asking *a);
