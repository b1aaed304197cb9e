/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "resolver/envelope.h"
#include "secrets/resolver.pb-c.h"

/* Envelopes of the resolver's as messages of the protocol, and back. */

/*
 * Appends what a plugin answered to *out. An envelope that breaks a rule of the
 * resolver's (no valid id, a value that is too long) is passed over and counted in
 * *dropped. ERR_NO_MEMORY, ERR_RESOURCE_EXHAUSTED (too many).
 */
int envelopes_read(const Resolver__V1__GetSecretsResponse *message,
                   struct secret_envelopes *out, size_t *dropped,
                   struct err *e) MUST_CHECK;

/* A new message of those that are shown (NULL: all); free it with message_free. */
int envelopes_write(const struct secret_envelopes *list,
                    bool (*is_shown)(const char *id, void *user), void *user,
                    Resolver__V1__GetSecretsResponse **out, struct err *e) MUST_CHECK;
