/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "storage/storage.h"

/*
 * The storage of one manager: one SQLite file (0600) in WAL mode that belongs to one
 * process at a time. A commit is one transaction with one sync, on libuv's threadpool.
 *
 * Opens the file, and makes it when it isn't there; its folder must be. The texts name
 * the file:
 *   ERR_FAILED_PRECONDITION  another process has it open, or another version wrote it
 *   ERR_DATA_LOSS            it is damaged, cut, or no database of coffer's
 *   ERR_PERMISSION_DENIED, ERR_RESOURCE_EXHAUSTED, ERR_IO, ...
 */
int sqlite_open(uv_loop_t *loop, const char *path, struct storage **out,
                struct err *e) MUST_CHECK;
