/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/client_private.h"
#include "wire/http_writer.h"

int connection_broken(const char *host, int code, const char *why, struct err *e)
{
    if (code == ERR_NO_MEMORY)
        return err_no_memory(e);
    return err_set(e, ERR_UNAVAILABLE, "the connection to the daemon at %s: %s", host,
                   why);
}

/* ---- connecting ---- */

static int refused(const char *host, int errnum, struct err *e)
{
    if (errnum == EACCES)
        return err_set(
            e, ERR_PERMISSION_DENIED,
            "permission denied while trying to connect to the coffer daemon at "
            "%s: be root, or a member of the socket's group",
            host);
    return err_set(e, ERR_UNAVAILABLE,
                   "Cannot connect to the coffer daemon at %s. Is cofferd running?",
                   host);
}

int connection_open(const char *host, int *out, struct err *e)
{
    const char *path = host + strlen(CLIENT_SCHEME);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "the daemon's address '%s' is too long, a socket's path has %zu "
                       "characters at most",
                       host, sizeof(address.sun_path) - 1);
    memcpy(address.sun_path, path, strlen(path));
    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(e, errno, "socket");
    int r;
    do
        r = connect(fd, (const struct sockaddr *)&address, sizeof(address));
    while (r && errno == EINTR);
    if (r)
        return refused(host, errno, e);
    *out = TAKE_FD(fd);
    return 0;
}

/* ---- sending ---- */

static int write_head(struct buf *out, const char *method, const char *target,
                      const struct buf *body)
{
    int r = http_write_request_line(out, method, target);
    r = r ?: http_write_header(out, "Host", "coffer");
    r = r ?: http_write_header(out, "User-Agent", "coffer/" COFFER_VERSION);
    r = r ?: http_write_header(out, "Accept", "*/*");
    if (!r && (body || str_equal(method, "POST"))) {
        r = http_write_header(out, "Content-Type", "application/json");
        r = r ?: http_write_length(out, body ? body->len : 0);
    }
    return r ?: http_write_head_end(out);
}

int connection_write_request(struct buf *out, const char *method, const char *target,
                             const struct buf *body, struct err *e)
{
    int r = write_head(out, method, target, body);
    if (!r && body)
        r = buf_append(out, body->data, body->len);
    return r == ERR_INVALID_ARGUMENT ? err_set(e, r, "%s is no path of a request", target)
           : r                       ? err_no_memory(e)
                                     : 0;
}

int connection_send(int fd, const struct buf *request, const char *host, struct err *e)
{
    for (size_t sent = 0; sent < request->len;) {
        ssize_t n = send(fd, request->data + sent, request->len - sent, MSG_NOSIGNAL);
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            return 0;
        if (n < 0 && errno != EINTR)
            return connection_broken(host, ERR_UNAVAILABLE, strerror(errno), e);
        sent += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int connection_receive(int fd, char *piece, size_t *n, const char *host, struct err *e)
{
    ssize_t got;
    do
        got = recv(fd, piece, CONNECTION_PIECE, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno != ECONNRESET)
        return connection_broken(host, ERR_UNAVAILABLE, strerror(errno), e);
    *n = got < 0 ? 0 : (size_t)got;
    return 0;
}
