/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket gets its owner and mode between bind and listen: until it listens nobody can
 * connect, so that no moment is more permissive than asked.
 */
#include "net/http_listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/mem.h"
#include "base/str.h"

#define LISTEN_BACKLOG 1024

static int make_address(const char *path, struct sockaddr_un *out, struct err *e)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (str_is_empty(path) || strlen(path) >= sizeof(out->sun_path))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "socket path '%s' has %zu characters, 1 to %zu are possible", path,
                       strlen(path), sizeof(out->sun_path) - 1);
    strcpy_cut(out->sun_path, sizeof(out->sun_path), path);
    return 0;
}

static int open_socket(struct err *e)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        err_errno(e, errno, "make a socket");
    return fd;
}

/* Removes a socket that nobody listens on. A full backlog (EAGAIN) is somebody. */
static int remove_stale(const char *path, const struct sockaddr_un *address,
                        struct err *e)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : err_errno(e, errno, "look at %s", path);
    if (!S_ISSOCK(st.st_mode))
        return err_set(e, ERR_ALREADY_EXISTS, "%s exists and is no socket", path);
    cleanup_fd int fd = open_socket(e);
    if (fd < 0)
        return ERR_IO;
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
        errno == EAGAIN)
        return err_set(e, ERR_ALREADY_EXISTS,
                       "another daemon serves %s; stop it or choose another path", path);
    if (errno != ECONNREFUSED)
        return err_errno(e, errno, "see whether somebody serves %s", path);
    if (unlink(path) < 0 && errno != ENOENT)
        return err_errno(e, errno, "remove the stale socket %s", path);
    return 0;
}

static int bind_socket(int fd, const char *path, const struct sockaddr_un *address,
                       mode_t mode, gid_t group, struct err *e)
{
    if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
        return err_errno(e, errno, "make the socket %s", path);
    if (group != (gid_t)-1 && lchown(path, (uid_t)-1, group) < 0)
        return err_errno(e, errno, "give %s to group %u", path, (unsigned)group);
    if (chmod(path, mode) < 0)
        return err_errno(e, errno, "set the mode of %s", path);
    if (listen(fd, LISTEN_BACKLOG) < 0)
        return err_errno(e, errno, "listen on %s", path);
    return 0;
}

int http_listen_open(const char *path, mode_t mode, gid_t group, int *out, struct err *e)
{
    struct sockaddr_un address;
    int r = make_address(path, &address, e);
    if (r)
        return r;
    r = remove_stale(path, &address, e);
    if (r)
        return r;
    cleanup_fd int fd = open_socket(e);
    if (fd < 0)
        return ERR_IO;
    r = bind_socket(fd, path, &address, mode, group, e);
    if (r)
        return r;
    *out = TAKE_FD(fd);
    return 0;
}
