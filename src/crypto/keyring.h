/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/seal.h"

/* Takes the newest key away again: after a rotation that couldn't be stored. There are at
 * least two. */
void keyring_undo_rotate(struct keyring *k);

/* A ring with the sealing key alone. ERR_NO_MEMORY. */
int keyring_copy_current(const struct keyring *k, struct keyring **out) MUST_CHECK;

/*
 * The ring as bytes: count (1), then count times key id (8) and key (32), the sealing one
 * last. Plain: whoever stores them seals them. Decoding refuses any other length, no key,
 * more than KEYRING_MAX, or an id that comes twice: ERR_DATA_LOSS.
 */
#define KEYRING_ENCODED_MAX (1 + KEYRING_MAX * (SEAL_KEY_ID_SIZE + SEAL_KEY_SIZE))
int keyring_encode(const struct keyring *k, struct buf *out) MUST_CHECK;
int keyring_decode(const void *data, size_t n, struct keyring **out,
                   struct err *e) MUST_CHECK;

/* The bytes of a key file (keyfile.c), and back; ERR_DATA_LOSS. */
int keyfile_format(const struct keyring *k, struct buf *file) MUST_CHECK;
int keyfile_parse(const struct buf *file, struct keyring **out, struct err *e) MUST_CHECK;
