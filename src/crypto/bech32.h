/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/buf.h"

/*
 * Bech32 (BIP 173) of 32 bytes, without its limit of 90 characters, as age writes keys.
 * Lower case; the prefix is lower case, too.
 */
#define BECH32_DATA_SIZE 32

/* Appends prefix, "1", data, checksum. ERR_NO_MEMORY. */
int bech32_encode(const char *prefix, const uint8_t data[BECH32_DATA_SIZE],
                  struct buf *out) MUST_CHECK;

/* Reads n characters, all of one case. NULL, or what is wrong, in words. */
const char *bech32_decode(const char *prefix, const char *text, size_t n,
                          uint8_t data[BECH32_DATA_SIZE]) MUST_CHECK;
