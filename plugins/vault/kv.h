/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "resolver/envelope.h"
#include "resolver/pattern.h"
#include "vault/client.h"

/*
 * Secrets of a KV store, version 2, by ids. In Vault a path has several fields:
 *
 *     PREFIX/PATH/FIELD   that field of the secret at PATH
 *     PREFIX/PATH         its field "value"
 *
 * The former counts where an id fits both. A field that isn't a text is handed out as
 * JSON. Components "." and "..", and names in Vault that no id can have, are as if they
 * weren't there. The version is that of Vault's version, metadata is its custom_metadata,
 * and a version that Vault will delete expires then.
 */
struct vault_kv {
    struct vault_client *client;
    const char *mount;  /* "secret" */
    const char *prefix; /* of the ids: "vault" */
};

/* How many requests one pattern may take, how deep folders may lie, and how many bytes
 * all values may have. */
#define VAULT_REQUESTS_MAX 500
#define VAULT_DEPTH_MAX 16
#define VAULT_BYTES_MAX ((size_t)12 << 20)

/* ERR_INVALID_ARGUMENT when the mount or the prefix can't be one. */
int vault_kv_check(const struct vault_kv *kv, struct err *e) MUST_CHECK;

/*
 * Appends what a pattern matches. ERR_NOT_FOUND for an id that isn't there; a pattern
 * with wildcards may match nothing. What the token may not see isn't there for such a
 * pattern; only when nothing is left, it is ERR_PERMISSION_DENIED.
 * ERR_RESOURCE_EXHAUSTED over a limit above, else as vault_client_read().
 */
int vault_kv_get(const struct vault_kv *kv, const struct pattern *pattern,
                 const struct waiter *w, struct secret_envelopes *out,
                 struct err *e) MUST_CHECK;
