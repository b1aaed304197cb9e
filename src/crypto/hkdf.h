/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The first 32 bytes of HKDF with SHA-256 (RFC 5869). */
#define HKDF_SIZE 32

void hkdf_sha256(const void *key, size_t key_len, const void *salt, size_t salt_len,
                 const char *info, uint8_t out[HKDF_SIZE]);
