/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "crypto/crypto.h"
#include "secretfs/secret_files.h"
#include "swarm/objects.pb-c.h"

/*
 * Payloads of secrets as the agent keeps them: sealed from the moment they arrive, under
 * a key that is made anew with each agent and lives in guarded memory. They are opened
 * only for as long as a file is being written.
 */

/* The longest id of a secret that is taken: one that a driver made for a task has two
 * ids and a dot. */
#define PAYLOAD_ID_MAX 96

/* Replaces the secret's payload by its sealed form; the plain one is wiped. When it fails
 * the secret is as it was: ERR_NO_MEMORY, ERR_INVALID_ARGUMENT for its id. */
int payload_seal(const struct keyring *keys, Swarm__Secret *s, struct err *e) MUST_CHECK;

/* Appends the plain payload of the secret with this id to out. */
int payload_open(const struct keyring *keys, const char *id, const void *sealed, size_t n,
                 struct buf *out, struct err *e) MUST_CHECK;

/* The same as the `open` of a file, whose keys are the keyring. */
int payload_open_file(const struct secret_file *f, struct buf *plain,
                      struct err *e) MUST_CHECK;
