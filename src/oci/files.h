/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/mounts.h"
#include "oci/references.h"
#include "oci/spec.h"

/*
 * The files of a container that are made of references: they lie in a folder of the
 * container's, on a file system that never reaches a disk (secretfs/secret_fs.h), from
 * its creation to its deletion. They are root's of the container, readable for all
 * (0444).
 */
#define FILES_MODE 0444

/* Who root of a container is on the host: another one in a user namespace of its own. */
struct files_owner {
    uid_t uid;
    gid_t gid;
};
int files_owner_of(const struct spec *s, struct files_owner *out,
                   struct err *e) MUST_CHECK;

/*
 * Asks for the values and writes the files anew; *out tells what to bind. The file system
 * at `folder` is mounted when it isn't. When it fails nothing is left. The words of an
 * error name the target and the reference.
 */
int files_write(const char *folder, const char *container, const struct mounts *m,
                const struct files_owner *owner, const struct secret_source *source,
                struct secret_files *out, struct err *e) MUST_CHECK;

/* Overwrites and removes them. That there are none is no error. */
int files_remove(const char *folder, const char *container, struct err *e) MUST_CHECK;

/* Has it any? */
bool files_are_there(const char *folder, const char *container);
