/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "base/err.h"
#include "resolver/envelope.h"

/*
 * What an item of a keyring is called, as `docker pass` does it: the attributes
 * "service:group", "service:name" and "id", metadata under its key with "x_" before it,
 * and the label "GROUP:NAME:ID". No schema (xdg:schema) is written or looked for.
 */
#define KEYCHAIN_NAME "docker-pass-cli"
#define KEYCHAIN_CONTENT_TYPE "application/octet-stream"

/* The attributes of a secret, as a{ss} (floating). ERR_INVALID_ARGUMENT when metadata
 * isn't UTF-8, which is all that D-Bus carries. */
int keychain_attributes(const char *group, const struct secret_envelope *secret,
                        GVariant **out, struct err *e) MUST_CHECK;

/* What to search for: all secrets, or with an id (may be NULL) just that, in all groups.
 * a{ss}, floating. */
GVariant *keychain_search_terms(const char *id);

/* The label, which the caller frees with g_free(). */
char *keychain_label(const char *group, const char *id);

/* An attribute of a{ss}, lent; NULL when there is none of this name. */
const char *keychain_attribute(GVariant *attributes, const char *name);

/* Puts id and metadata into an empty envelope; attributes of others are passed over.
 * ERR_INVALID_ARGUMENT when there is no valid id, ERR_RESOURCE_EXHAUSTED. */
int keychain_attributes_read(GVariant *attributes, struct secret_envelope *out,
                             struct err *e) MUST_CHECK;
