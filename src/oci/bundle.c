/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

int bundle_path(const char *bundle, char **out, struct err *e)
{
    char *path = realpath(bundle, NULL);
    if (!path)
        return err_errno(e, errno, "bundle %s", bundle);
    *out = path;
    return 0;
}

static int write_all(int fd, const struct buf *text, const char *path, struct err *e)
{
    for (size_t at = 0; at < text->len;) {
        ssize_t n = write(fd, text->data + at, text->len - at);
        if (n < 0 && errno != EINTR)
            return err_errno(e, errno, "write %s", path);
        at += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int open_folder(const char *path, struct err *e)
{
    if (mkdir(path, 0700) && errno != EEXIST)
        return err_errno(e, errno, "make %s", path);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        err_errno(e, errno, "open %s", path);
    return fd;
}

/* No sync: after a crash the container is made again from the engine's own. What has the
 * temporary name is removed, not written to: where a bundle is another user's, it may be
 * a link to any file. */
static int write_config(int folder, const char *path, const struct buf *config,
                        struct err *e)
{
    char name[64];
    snprintf(name, sizeof(name), "config.json.%ld", (long)getpid());
    if (unlinkat(folder, name, 0) && errno != ENOENT)
        return err_errno(e, errno, "remove %s/%s", path, name);
    cleanup_fd int fd =
        openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, errno, "create %s/%s", path, name);
    int r = write_all(fd, config, path, e);
    if (!r && renameat(folder, name, folder, "config.json"))
        r = err_errno(e, errno, "rename %s/%s", path, name);
    if (r)
        unlinkat(folder, name, 0);
    return r;
}

int bundle_make(const char *bundle, const struct buf *config, char **out, struct err *e)
{
    cleanup_free char *path = str_format("%s/coffer", bundle);
    if (!path)
        return err_no_memory(e);
    cleanup_fd int folder = open_folder(path, e);
    if (folder < 0)
        return ERR_IO;
    int r = write_config(folder, path, config, e);
    if (!r)
        *out = TAKE(path);
    return r;
}
