/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <coffer/coffer.h>

#include "base/err.h"
#include "secrets/resolver.pb-c.h"

/*
 * An answer, in the header's terms, made of the engine's envelopes, which it takes over
 * (what is left of them stays in `list`). Envelopes without a valid id are
 * left out, as is metadata that is no text; provider and version are made fit to be
 * shown. ERR_BAD_MESSAGE for values and counts over the header's limits and times that
 * are none; ERR_NO_MEMORY.
 */
int sdk_secrets_new(Resolver__V1__Envelope ***list, size_t *n,
                    struct coffer_secrets **out, struct err *e) MUST_CHECK;

/* The same of a list: without values (NULL, 0), sorted by id. */
int sdk_secrets_new_list(Resolver__V1__Envelope ***list, size_t *n,
                         struct coffer_secrets **out, struct err *e) MUST_CHECK;

/* A time of the wire in seconds since 1970; 0 for unset. */
int sdk_time_read(const Google__Protobuf__Timestamp *t, int64_t *out,
                  struct err *e) MUST_CHECK;
