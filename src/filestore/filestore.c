/* SPDX-License-Identifier: Apache-2.0 */
#include "filestore/filestore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "filestore/private.h"
#include "resolver/secret_id.h"

/* ---- names ---- */

int filestore_check_id(const char *id, struct err *e)
{
    int r = secret_id_check(id, strlen(id), e);
    if (!r && strlen(id) > FILESTORE_ID_MAX)
        return err_set(
            e, ERR_INVALID_ARGUMENT,
            "%s: an id of %zu bytes can't be the name of a file, %d at most can", id,
            strlen(id), FILESTORE_ID_MAX);
    return r;
}

char *filestore_path(const struct filestore *fs, const char *id)
{
    cleanup_buf struct buf path = BUF_INIT;
    if (buf_printf(&path, "%s/", fs->folder) || base64_encode(&path, id, strlen(id)))
        return NULL;
    return buf_take(&path);
}

bool filestore_name_to_id(const char *name, char id[FILESTORE_ID_MAX + 1])
{
    cleanup_free uint8_t *bytes = NULL;
    cleanup_buf struct buf again = BUF_INIT;
    size_t n;
    if (base64_decode(name, strlen(name), &bytes, &n, NULL) || n > FILESTORE_ID_MAX ||
        secret_id_check((const char *)bytes, n, NULL))
        return false;
    memcpy(id, bytes, n);
    id[n] = '\0';
    return !base64_encode(&again, id, n) && str_equal(buf_str(&again), name);
}

/* ---- the folder ---- */

static int check_folder(const char *path, struct err *e)
{
    struct stat st;
    if (lstat(path, &st))
        return err_errno(e, errno, "stat %s", path);
    if (!S_ISDIR(st.st_mode))
        return err_set(e, ERR_IO, "%s is not a folder", path);
    if (st.st_uid != geteuid())
        return err_set(e, ERR_PERMISSION_DENIED,
                       "%s belongs to the user %u, not to %u; use a folder of your own",
                       path, (unsigned)st.st_uid, (unsigned)geteuid());
    if (st.st_mode & 077)
        return err_set(e, ERR_PERMISSION_DENIED,
                       "%s may be used by others (mode %o); chmod 700 it", path,
                       (unsigned)st.st_mode & 0777);
    return 0;
}

int filestore_open(const char *folder, struct filestore **out, struct err *e)
{
    cleanup_free char *path = str_format("%s", folder);
    struct filestore *fs = path ? calloc(1, sizeof(*fs)) : NULL;
    if (!fs)
        return err_no_memory(e);
    int r = file_make_folders(path, e);
    if (!r)
        r = check_folder(path, e);
    if (r) {
        free(fs);
        return err_wrap(e, r, "open the encrypted files");
    }
    fs->folder = TAKE(path);
    *out = fs;
    return 0;
}

void filestore_free(struct filestore *fs)
{
    if (!fs)
        return;
    free(fs->folder);
    free(fs);
}

/* ---- the lock ---- */

/* Is this descriptor still the lock's file? Docker's code unlinks one that it takes for
 * stale, since the file wasn't touched for 30 seconds. */
static bool is_current(int fd, const char *path)
{
    struct stat held, named;
    return fstat(fd, &held) == 0 && lstat(path, &named) == 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

static int lock(const struct filestore *fs, int how, int *out, struct err *e)
{
    cleanup_free char *path = str_format("%s/" FILESTORE_LOCK, fs->folder);
    if (!path)
        return err_no_memory(e);
    for (;;) {
        cleanup_fd int fd =
            open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
        if (fd < 0)
            return err_errno(e, errno, "open %s", path);
        int r;
        do
            r = flock(fd, how);
        while (r && errno == EINTR);
        if (r || futimens(fd, NULL))
            return err_errno(e, errno, "lock %s", path);
        if (is_current(fd, path)) {
            *out = TAKE_FD(fd);
            return 0;
        }
    }
}

int filestore_lock_alone(const struct filestore *fs, int *fd, struct err *e)
{
    int r = lock(fs, LOCK_EX, fd, e);
    return r ? r : filestore_finish(fs, e);
}

int filestore_lock_shared(const struct filestore *fs, const struct pattern *read, int *fd,
                          struct err *e)
{
    for (;;) {
        cleanup_fd int shared = -1, alone = -1;
        int r = lock(fs, LOCK_SH, &shared, e);
        if (!r && !filestore_is_unfinished(fs, read))
            *fd = TAKE_FD(shared);
        if (r || *fd >= 0)
            return r;
        close(TAKE_FD(shared));
        r = filestore_lock_alone(fs, &alone, e);
        if (r)
            return r;
    }
}

/* ---- removing ---- */

static int remove_files(DIR *folder, const char *path, struct err *e)
{
    const struct dirent *entry;
    while ((errno = 0, entry = readdir(folder))) {
        if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
            continue;
        if (unlinkat(dirfd(folder), entry->d_name, 0))
            return err_errno(e, errno, "remove %s/%s", path, entry->d_name);
    }
    return errno ? err_errno(e, errno, "read %s", path) : 0;
}

int filestore_remove_folder(const char *path, struct err *e)
{
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT ? 0 : err_errno(e, errno, "open %s", path);
    int r = remove_files(folder, path, e);
    closedir(folder);
    if (!r && rmdir(path))
        return err_errno(e, errno, "remove %s", path);
    return r;
}

static int sweep_one(const struct filestore *fs, const char *name, struct err *e)
{
    cleanup_free char *path = str_format("%s/%s", fs->folder, name);
    return path ? filestore_remove_folder(path, e) : err_no_memory(e);
}

int filestore_sweep(const struct filestore *fs, size_t *secrets, struct err *e)
{
    const struct dirent *entry;
    *secrets = 0;
    DIR *folder = opendir(fs->folder);
    if (!folder)
        return err_errno(e, errno, "open %s", fs->folder);
    int r = 0;
    while (!r && (entry = readdir(folder)))
        if (str_starts_with(entry->d_name, FILESTORE_TEMPORARY))
            r = sweep_one(fs, entry->d_name, e);
        else
            *secrets += entry->d_name[0] != '.';
    closedir(folder);
    return r;
}
