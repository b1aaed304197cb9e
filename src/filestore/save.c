/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A secret is written into a new folder beside the others, then takes the place of the
 * old one: by an exchange of the two names where there was one, else by a rename.
 * replace.c does it where the file system has no such exchange.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "filestore/private.h"

static int write_value(const struct secret_envelope *secret, const char *folder,
                       const struct age_recipient *to, size_t n, struct err *e)
{
    cleanup_buf struct buf file = BUF_INIT;
    cleanup_free char *path = str_format("%s/" FILESTORE_X25519, folder);
    if (!path)
        return err_no_memory(e);
    int r = age_encrypt(to, n, secret->value.data, secret->value.len, &file, e);
    return r ? r : file_write(path, 0600, file.data, file.len, e);
}

/* All that is in the folder is durable then, with one sync of its own: nobody sees it
 * before it is in its place. */
static int write_folder(const struct secret_envelope *secret, const char *folder,
                        const struct age_recipient *to, size_t n, struct err *e)
{
    cleanup_free char *metadata = str_format("%s/" FILESTORE_METADATA, folder);
    if (!metadata)
        return err_no_memory(e);
    int r = write_value(secret, folder, to, n, e);
    r = r ?: filestore_metadata_write(secret, metadata, e);
    return r ?: file_sync_folder(metadata, e);
}

/* After this the secret is the new one, whatever happens to what was there. NFS and some
 * others exchange no names, and an overlay no folder that lies below. */
static int put_in_place(const struct filestore *fs, const char *from, const char *to,
                        bool is_there, struct err *e)
{
    int failed = is_there
                     ? renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE)
                     : rename(from, to); /* takes the place of no secret: none is empty */
    if (failed && is_there && (errno == EINVAL || errno == ENOSYS || errno == EXDEV))
        return filestore_replace(fs, from, to, e);
    return failed ? err_errno(e, errno, "rename %s to %s", from, to)
                  : file_sync_folder(to, e);
}

static int write_and_put(const struct filestore *fs, const struct secret_envelope *secret,
                         const char *place, bool is_there, const struct age_recipient *to,
                         size_t n, struct err *e)
{
    cleanup_free char *folder =
        str_format("%s/" FILESTORE_TEMPORARY "XXXXXX", fs->folder);
    if (!folder)
        return err_no_memory(e);
    if (!mkdtemp(folder))
        return err_errno(e, errno, "make a folder in %s", fs->folder);
    int r = write_folder(secret, folder, to, n, e);
    if (!r)
        r = put_in_place(fs, folder, place, is_there, e);
    int removed = filestore_remove_folder(folder, r ? NULL : e);
    return r ? r : removed;
}

static bool exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

/* Takes the lock to write a secret; counts those that are there. */
static int begin(const struct filestore *fs, const char *id, int *lock, size_t *secrets,
                 struct err *e)
{
    int r = filestore_check_id(id, e);
    if (!r)
        r = filestore_lock_alone(fs, lock, e);
    return r ? r : filestore_sweep(fs, secrets, e);
}

int filestore_save(struct filestore *fs, const struct secret_envelope *secret,
                   bool overwrite, const struct age_recipient *to, size_t n,
                   struct err *e)
{
    cleanup_fd int lock = -1;
    cleanup_free char *place = NULL;
    size_t secrets;
    int r = begin(fs, secret->id, &lock, &secrets, e);
    if (r)
        return r;
    place = filestore_path(fs, secret->id);
    if (!place)
        return err_no_memory(e);
    bool is_there = exists(place);
    if (is_there && !overwrite)
        return err_set(e, ERR_ALREADY_EXISTS, "secret %s already exists", secret->id);
    if (!is_there && secrets >= FILESTORE_SECRETS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "the store has %zu secrets, and can't have more", secrets);
    r = write_and_put(fs, secret, place, is_there, to, n, e);
    return r ? err_wrap(e, r, "save secret %s", secret->id) : 0;
}

/* After the rename it is gone. */
static int take_away(const struct filestore *fs, const char *place, struct err *e)
{
    cleanup_free char *gone = str_format("%s/" FILESTORE_TEMPORARY "removed", fs->folder);
    if (!gone)
        return err_no_memory(e);
    if (rename(place, gone))
        return errno == EXDEV ? filestore_replace(fs, NULL, place, e)
                              : err_errno(e, errno, "rename %s to %s", place, gone);
    int r = file_sync_folder(gone, e);
    return r ? r : filestore_remove_folder(gone, e);
}

int filestore_remove(struct filestore *fs, const char *id, struct err *e)
{
    cleanup_fd int lock = -1;
    cleanup_free char *place = NULL;
    size_t secrets;
    int r = begin(fs, id, &lock, &secrets, e);
    if (r)
        return r;
    place = filestore_path(fs, id);
    if (!place)
        return err_no_memory(e);
    if (!exists(place))
        return err_set(e, ERR_NOT_FOUND, "secret %s not found", id);
    r = take_away(fs, place, e);
    return r ? err_wrap(e, r, "remove secret %s", id) : 0;
}
