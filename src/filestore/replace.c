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

/* ---- what is to be done ---- */

/* What has another name (NFS makes files .nfs...) isn't ours, and stays. */
static bool is_announced(const char *name, const struct pattern *pattern)
{
    char id[FILESTORE_ID_MAX + 1];
    return filestore_name_to_id(name, id) && (!pattern || pattern_match(pattern, id));
}

/* Who can't look takes it for unfinished, and is told why when it is to be finished. */
bool filestore_is_unfinished(const struct filestore *fs, const struct pattern *pattern)
{
    const struct dirent *entry;
    cleanup_free char *path = str_format("%s/" REPLACING, fs->folder);
    DIR *folder = path ? opendir(path) : NULL;
    if (!folder)
        return !path || errno != ENOENT;
    bool is_one = false;
    while ((errno = 0, !is_one && (entry = readdir(folder))))
        is_one = is_announced(entry->d_name, pattern);
    is_one = is_one || errno;
    closedir(folder);
    return is_one;
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
    int r = 0;
    while ((errno = 0, !r && (entry = readdir(folder))))
        if (is_announced(entry->d_name, NULL))
            r = finish_one(fs, entry->d_name, e);
    if (!r && errno)
        r = err_errno(e, errno, "read %s/" REPLACING, fs->folder);
    return r;
}

static int remove_empty(const struct filestore *fs, const char *path, struct err *e)
{
    if (rmdir(path) == 0)
        return 0;
    int errnum = errno;
    bool is_others =
        (errnum == ENOTEMPTY || errnum == EEXIST) && !filestore_is_unfinished(fs, NULL);
    return is_others ? 0 : err_errno(e, errnum, "remove %s", path);
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
    return r ? r : remove_empty(fs, path, e);
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
    return (from ? rename(from, to) : mkdir(to, 0700))
               ? err_errno(e, errno, "make %s", to)
               : 0;
}

static int carry_out(const struct filestore *fs, const char *replacing, const char *name,
                     struct err *e)
{
    cleanup_free char *to = str_format("%s/%s", replacing, name);
    if (!to)
        return err_no_memory(e);
    int r = file_sync_folder(to, e);
    r = r ?: file_sync_folder(replacing, e);
    return r ?: filestore_finish(fs, e);
}

int filestore_replace(const struct filestore *fs, const char *from, const char *place,
                      struct err *e)
{
    cleanup_free char *replacing = str_format("%s/" REPLACING, fs->folder);
    const char *name = strrchr(place, '/') + 1;
    if (!replacing)
        return err_no_memory(e);
    int r = announce(replacing, from, name, e);
    if (r)
        return r;
    r = carry_out(fs, replacing, name, e);
    return r ? err_wrap(e, r, "it is begun, and the next command finishes it") : 0;
}
