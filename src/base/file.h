/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Small files, whole: state, keys, certificates. The texts name the path. They block, for
 * as long as the disk does.
 */

/* Appends the contents of a regular file (not a link) to out. ERR_NOT_FOUND when it isn't
 * there, ERR_DATA_LOSS when it is longer than max or no regular file. */
int file_read(const char *path, size_t max, struct buf *out, struct err *e) MUST_CHECK;

/* The same of a text that says what is run or allowed, if it may (trust.h), else
 * ERR_PERMISSION_DENIED. With a NUL in it, behind which nobody would read on, it is no
 * text: ERR_DATA_LOSS. */
int file_read_trusted(const char *path, size_t max, struct buf *out,
                      struct err *e) MUST_CHECK;

/*
 * Puts a file of these contents in the place of path: by a temporary file beside it
 * ("<path>.tmp"), fsync, rename and fsync of the folder. At any moment, also after a
 * crash, path is the old file or the new one. mode is what it says, whatever the umask.
 * ERR_FAILED_PRECONDITION when something else than a file or a link is there.
 */
int file_replace(const char *path, mode_t mode, const void *data, size_t n,
                 struct err *e) MUST_CHECK;

/* Makes a file of these contents, which are synced; its folder isn't. What has this name
 * (a crash may have left it) is removed first. When it fails part of it may be there. */
int file_write(const char *path, mode_t mode, const void *data, size_t n,
               struct err *e) MUST_CHECK;

/* Makes durable that path was made, renamed or removed: syncs the folder it is in. */
int file_sync_folder(const char *path, struct err *e) MUST_CHECK;

/* Makes a folder (0700) and those above it where they aren't there; those that are stay
 * as they are. ERR_IO, ERR_PERMISSION_DENIED, ERR_NO_MEMORY. */
int file_make_folders(const char *path, struct err *e) MUST_CHECK;

/* The same for the folder that path is in. */
int file_make_folders_above(const char *path, struct err *e) MUST_CHECK;
