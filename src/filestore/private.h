/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/clock.h"
#include "filestore/filestore.h"

#define FILESTORE_LOCK ".posixage.lock"
#define FILESTORE_METADATA "metadata.json"
#define FILESTORE_X25519 "secretage"
#define FILESTORE_SCRYPT "secretpass"

/* Folders of this beginning are secrets that are being written, or were when a crash
 * came. No id has it: '.' isn't in Base64. */
#define FILESTORE_TEMPORARY ".writing-"

struct filestore {
    char *folder;
};

/* The path of a secret's folder, NULL without memory; free it with free(). The id must be
 * valid. */
char *filestore_path(const struct filestore *fs, const char *id);

/* The id of a folder's name; false when it isn't that of a secret. */
bool filestore_name_to_id(const char *name, char id[FILESTORE_ID_MAX + 1]);

/* ERR_INVALID_ARGUMENT when an id isn't one or is too long for a file's name. */
int filestore_check_id(const char *id, struct err *e) MUST_CHECK;

/* Held until its descriptor is closed. What a crash left unfinished is finished then; who
 * reads does so only when it is about the secrets that it reads, since it may not be able
 * to write. */
int filestore_lock_shared(const struct filestore *fs, const struct pattern *read, int *fd,
                          struct err *e) MUST_CHECK;
int filestore_lock_alone(const struct filestore *fs, int *fd, struct err *e) MUST_CHECK;

/* Removes a folder of a secret with the files in it; it need not be there. */
int filestore_remove_folder(const char *path, struct err *e) MUST_CHECK;

/* ---- where the file system exchanges no names (replace.c) ---- */

/* Puts the folder `from` in the place of a secret, or removes that (NULL), under the
 * lock. A crash leaves the old one, or the new one as soon as the next that has the lock
 * finishes it. An error does so, too, and its words say when it is the new one. */
int filestore_replace(const struct filestore *fs, const char *from, const char *place,
                      struct err *e) MUST_CHECK;

/* Is that to be done for a secret that the pattern names; for any at all (NULL)? */
bool filestore_is_unfinished(const struct filestore *fs, const struct pattern *pattern);
int filestore_finish(const struct filestore *fs, struct err *e) MUST_CHECK;

/* Removes what a crash left behind, under the lock; counts the secrets. */
int filestore_sweep(const struct filestore *fs, size_t *secrets,
                    struct err *e) MUST_CHECK;

/* What a key is called to systemd: `LoadCredentialEncrypted=coffer-key:PATH`. */
#define FILESTORE_CREDENTIAL_NAME "coffer-key"

/* Is this a key file that systemd-creds has encrypted? */
bool filestore_is_credential(const struct buf *file);

/* How long systemd-creds may take; a seal runs it twice, to open and seal anew three
 * times. Meanwhile nothing else is done, and an engine wants to hear of a plugin each ten
 * seconds. */
#define FILESTORE_CREDENTIAL_TIMEOUT (3 * CLOCK_SECOND)

/* Append what is in it, or a file with this text in it. ERR_UNIMPLEMENTED: there is no
 * systemd-creds; ERR_PERMISSION_DENIED: what it says when it refuses;
 * ERR_DEADLINE_EXCEEDED, ERR_RESOURCE_EXHAUSTED, ERR_IO, ERR_NO_MEMORY. */
int filestore_credential_open(const struct buf *file, struct buf *out,
                              struct err *e) MUST_CHECK;
int filestore_credential_seal(const struct buf *text, struct buf *out,
                              struct err *e) MUST_CHECK;

/* Metadata as JSON, and back into an envelope. What is written is synced, its folder not.
 * ERR_DATA_LOSS when the file is none. */
int filestore_metadata_write(const struct secret_envelope *secret, const char *path,
                             struct err *e) MUST_CHECK;
int filestore_metadata_read(const char *path, struct secret_envelope *out,
                            struct err *e) MUST_CHECK;
