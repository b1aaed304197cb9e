/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "shared/plugin.h"

/*
 * The HTTP API of HashiCorp Vault, which OpenBao has, too: as much of it as reading
 * secrets takes. Paths are below /v1/ and have no slash at either end.
 */
struct vault_settings {
    const char *address;      /* "https://vault.example:8200" */
    const char *ca_file;      /* NULL: the system's authorities */
    const char *name_space;   /* X-Vault-Namespace; NULL: none */
    const char *token;        /* NULL: log in by AppRole */
    const char *role_id;      /* AppRole */
    const char *secret_id;    /* AppRole; NULL where the role needs none */
    const char *approle_path; /* where that method is mounted: "approle" */
};

struct vault_client;

/* The settings must outlive the client. ERR_INVALID_ARGUMENT: they make no sense, or
 * would send the token in clear over a network. ERR_NO_MEMORY. */
int vault_client_new(const struct vault_settings *settings, struct vault_client **out,
                     struct err *e) MUST_CHECK;
void vault_client_free(struct vault_client *c);

/*
 * Reads or lists a path; *out is the member "data" of the answer, the caller's to drop.
 * Logs in first where that is needed. ERR_NOT_FOUND (Vault says that also to who may not
 * know, and of a version that was deleted), ERR_PERMISSION_DENIED, ERR_UNAVAILABLE (not
 * reachable, sealed, a standby), ERR_BAD_MESSAGE, else as rest_send().
 */
int vault_client_read(struct vault_client *c, const char *path, const struct waiter *w,
                      json_t **out, struct err *e) MUST_CHECK;
int vault_client_list(struct vault_client *c, const char *path, const struct waiter *w,
                      json_t **out, struct err *e) MUST_CHECK;
