/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/* The longest passphrase that is taken, in bytes. */
#define PASSPHRASE_MAX 1024

/*
 * Changes the passphrase of a key file. The descriptor gives two lines: the passphrase
 * that the key has (empty: none) and the one that it shall have (empty: none, the key
 * lies in clear). A key that isn't there is made. The secrets stay as they are, since it
 * is the key that they are encrypted to.
 *
 * ERR_INVALID_ARGUMENT: not two lines, or too long ones; ERR_PERMISSION_DENIED: the old
 * one is wrong; ERR_FAILED_PRECONDITION: there must be one; ERR_DATA_LOSS, ERR_IO,
 * ERR_NO_MEMORY.
 */
int passphrase_change(const char *key_path, int fd, struct err *e) MUST_CHECK;
