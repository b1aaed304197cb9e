/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/stat.h>

#include "base/err.h"

/*
 * May what stands in a file, or the program that it is, decide something for the
 * effective user? It must be that user's or root's, and nobody else may write to it, nor
 * to the folder it is in. A group of which only the owner is (private_group.h, by
 * /etc/passwd and /etc/group; and without an access list) is nobody else to a text, but
 * somebody else to a program.
 *
 * Else ERR_PERMISSION_DENIED, in words that say what to do.
 */

/* What was opened, or looked at, at this path. */
int trust_check(const char *path, const struct stat *st, struct err *e) MUST_CHECK;

/* The folder that path is in. ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY, too. */
int trust_check_folder_of(const char *path, struct err *e) MUST_CHECK;

/* A file that is used by its name, with its folder; of a link, both of what it leads to,
 * too. Errors as above. */
int trust_check_path(const char *path, struct err *e) MUST_CHECK;

/* The same of a program, and its folders. */
int trust_check_program(const char *path, struct err *e) MUST_CHECK;
