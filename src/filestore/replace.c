/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaces or removes a secret where the file system can't do that in one step: what it
 * is to become is announced by one rename, and then made so, by whoever comes first:
 *
 *   .writing-XXXXXX ──▶ .replacing/BASE64(ID) ──▶ BASE64(ID)
 *
 * The new folder counts from its first rename on. An empty one says that the secret goes.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "filestore/private.h"

#define REPLACING ".replacing"

bool filestore_is_unfinished(const struct filestore *fs)
{
    cleanup_free char *path = str_format("%s/" REPLACING, fs->folder);
    return !path || access(path, F_OK) == 0;
}

/* ---- making it so ---- */

static int finish_one(const struct filestore *fs, const char *name, struct err *e)
{
    cleanup_free char *from = str_format("%s/" REPLACING "/%s", fs->folder, name);
    cleanup_free char *to = str_format("%s/%s", fs->folder, name);
    if (!from || !to)
        return err_no_memory(e);
    int r = filestore_remove_folder(to, e);
    if (r)
        return r;
    if (rmdir(from) && rename(from, to))
        return err_errno(e, errno, "rename %s to %s", from, to);
    return file_sync_folder(to, e);
}

static int finish_each(const struct filestore *fs, DIR *folder, struct err *e)
{
    const struct dirent *entry;
    char id[FILESTORE_ID_MAX + 1];
    int r = 0;
    while (!r && (entry = readdir(folder)))
        if (filestore_name_to_id(entry->d_name, id))
            r = finish_one(fs, entry->d_name, e);
    return r;
}

int filestore_finish(const struct filestore *fs, struct err *e)
{
    cleanup_free char *path = str_format("%s/" REPLACING, fs->folder);
    if (!path)
        return err_no_memory(e);
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT ? 0 : err_errno(e, errno, "open %s", path);
    int r = finish_each(fs, folder, e);
    closedir(folder);
    if (!r && rmdir(path))
        return err_errno(e, errno, "remove %s", path);
    return r;
}

/* ---- saying it ---- */

static int announce(const char *replacing, const char *from, const char *name,
                    struct err *e)
{
    cleanup_free char *to = str_format("%s/%s", replacing, name);
    if (!to)
        return err_no_memory(e);
    if (mkdir(replacing, 0700) && errno != EEXIST)
        return err_errno(e, errno, "make %s", replacing);
    if (from ? rename(from, to) : mkdir(to, 0700))
        return err_errno(e, errno, "make %s", to);
    int r = file_sync_folder(to, e);
    return r ? r : file_sync_folder(replacing, e);
}

int filestore_replace(const struct filestore *fs, const char *from, const char *place,
                      struct err *e)
{
    cleanup_free char *replacing = str_format("%s/" REPLACING, fs->folder);
    if (!replacing)
        return err_no_memory(e);
    int r = announce(replacing, from, strrchr(place, '/') + 1, e);
    return r ? r : filestore_finish(fs, e);
}
