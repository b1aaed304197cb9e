/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "onepassword/source.h"
#include "resolver/envelope.h"
#include "resolver/pattern.h"

/*
 * Items of 1Password by ids, with names as onepassword_name() makes them; small and large
 * letters are the same, but behind a wildcard, where names are small:
 *
 *     PREFIX/ITEM-ID                          its main field
 *     PREFIX/VAULT/TITLE                      the same
 *     PREFIX/VAULT/ITEM[/SECTION]/FIELD       any field
 *
 * VAULT is a name or an id, ITEM a title or an id, SECTION and FIELD a label or an id.
 * The main field is the password, else the credential, else the one that is concealed,
 * else the notes. An id that fits several fields is that of the one that is named most
 * directly (by names before by ids, with its section before without); of several equal
 * ones none is handed out.
 */
struct onepassword {
    struct source *source;
    const char *prefix; /* "op"; "" none */
};

/* How many requests one pattern may take. */
#define ONEPASSWORD_REQUESTS_MAX 500

/*
 * Appends what a pattern matches. ERR_NOT_FOUND for an id that isn't there; a pattern
 * with wildcards may match nothing, and passes over what is ambiguous.
 * ERR_INVALID_ARGUMENT for an id that is ambiguous, ERR_RESOURCE_EXHAUSTED over a limit,
 * else as the source.
 */
int onepassword_get(const struct onepassword *of, const struct pattern *pattern,
                    const struct waiter *w, struct secret_envelopes *out,
                    struct err *e) MUST_CHECK;
