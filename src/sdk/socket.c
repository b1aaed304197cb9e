/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/process.h"
#include "resolver/quote.h"
#include "sdk/sdk.h"

#define PATH_OFFSET offsetof(struct sockaddr_un, sun_path)

const char *sdk_socket_text(const struct sdk_socket *s, char out[SDK_SOCKET_TEXT_SIZE])
{
    const char *path = s->address.sun_path;
    bool is_abstract = path[0] == '\0';
    size_t n = s->size - PATH_OFFSET - 1;
    snprintf(out, SDK_SOCKET_TEXT_SIZE, "%s%.*s", is_abstract ? "@" : "", (int)n,
             is_abstract ? path + 1 : path);
    return out;
}

int sdk_socket_parse(const char *text, struct sdk_socket *out, struct err *e)
{
    size_t n = strlen(text);
    char shown[QUOTE_SIZE];
    *out = (struct sdk_socket){.address.sun_family = AF_UNIX};
    if (n == 0 || n >= sizeof(out->address.sun_path))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "socket %s: an address has 1 to %zu characters",
                       quote(shown, text, n), sizeof(out->address.sun_path) - 1);
    memcpy(out->address.sun_path, text, n);
    if (text[0] == '@')
        out->address.sun_path[0] = '\0';
    out->size = (socklen_t)(PATH_OFFSET + n + (text[0] != '@'));
    return 0;
}

/* A descriptor that isn't connected yet, and how long connecting may wait. */
static int make(int wait_ms, int *out, struct err *e)
{
    int flags = SOCK_STREAM | SOCK_CLOEXEC | (wait_ms < 0 ? SOCK_NONBLOCK : 0);
    cleanup_fd int fd = socket(AF_UNIX, flags, 0);
    if (fd < 0)
        return err_errno(e, errno, "socket");
    struct timeval limit = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    if (wait_ms > 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
        return err_errno(e, errno, "socket");
    *out = TAKE_FD(fd);
    return 0;
}

/* Interrupted, it is begun anew: until it is in the queue nothing has happened. */
static int connect_to(int fd, const struct sdk_socket *s, int wait_ms, struct err *e)
{
    int r;
    do
        r = connect(fd, (const struct sockaddr *)&s->address, s->size);
    while (r < 0 && errno == EINTR);
    if (r == 0)
        return 0;
    int code = errno;
    if (code == EAGAIN && wait_ms >= 0)
        return err_set(e, ERR_DEADLINE_EXCEEDED, "connect: the engine takes no calls");
    if (code == EAGAIN)
        return err_set(e, ERR_UNAVAILABLE, "connect: the engine has too many callers");
    if (code == EACCES || code == EPERM)
        return err_errno(e, code, "connect");
    return err_set(e, ERR_UNAVAILABLE, "connect: %s", strerror(code));
}

/*
 * Behind a file of the caller's own there may be root's server. Not behind another
 * user's: that user may lead the path to root's own engine, whose secrets aren't his. An
 * abstract name is there for each process of the same network, those of containers too,
 * whose users have the same numbers.
 */
static int check_owner(int fd, const struct sdk_socket *s, const struct sdk_owner *owner,
                       struct err *e)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return err_errno(e, errno, "SO_PEERCRED");
    bool is_file = s->address.sun_path[0] != '\0';
    if (owner->is_any)
        return 0;
    if (!is_file && process_is_elsewhere(peer.pid))
        return err_set(e, ERR_PERMISSION_DENIED, "the server is a container's");
    bool is_own = owner->uid == geteuid();
    if (peer.uid == owner->uid || (peer.uid == 0 && is_file && is_own))
        return 0;
    return err_set(e, ERR_PERMISSION_DENIED, "the server is user %lu's, not user %lu's",
                   (unsigned long)peer.uid, (unsigned long)owner->uid);
}

static int try_connect(const struct sdk_socket *s, const struct sdk_owner *owner,
                       int wait_ms, int *out, struct err *e)
{
    cleanup_fd int fd = -1;
    int r = make(wait_ms, &fd, e);
    if (!r)
        r = connect_to(fd, s, wait_ms, e);
    if (!r)
        r = check_owner(fd, s, owner, e);
    if (r)
        return r;
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return err_errno(e, errno, "fcntl");
    *out = TAKE_FD(fd);
    return 0;
}

int sdk_socket_connect(const struct sdk_socket *s, const struct sdk_owner *owner,
                       int wait_ms, int *out, struct err *e)
{
    char name[SDK_SOCKET_TEXT_SIZE];
    int r = try_connect(s, owner, wait_ms, out, e);
    return r ? err_wrap(e, r, "%s", sdk_socket_text(s, name)) : 0;
}

/* None of several worked: *why is what the most telling one said, *stranger what a server
 * of somebody else's had for an answer (code 0: there was none). */
static int none(const struct sdk_sockets *all, int code, const struct err *why,
                const struct err *stranger, struct err *e)
{
    char name[SDK_SOCKET_TEXT_SIZE];
    if (code != ERR_UNAVAILABLE || all->n == 1)
        return err_set(e, code, "secrets engine is not available: %s", why->text);
    cleanup_buf struct buf tried = BUF_INIT;
    for (size_t i = 0; i < all->n; i++)
        if (buf_printf(&tried, "%s%s", i ? ", " : "",
                       sdk_socket_text(&all->items[i], name)))
            return err_no_memory(e);
    return err_set(e, code,
                   "secrets engine is not available: it doesn't listen on %s%s%s",
                   buf_str(&tried), stranger->code ? "; " : "",
                   stranger->code ? stranger->text : "");
}

/*
 * Anybody may take an abstract name. One that nobody asked for is neither waited for nor,
 * with somebody else behind it, an engine: it must not keep us from starting our own.
 */
static int connect_guess(const struct sdk_socket *s, const struct sdk_owner *owner,
                         int *out, struct err *stranger, struct err *e)
{
    int r = sdk_socket_connect(s, owner, -1, out, e);
    if (r != ERR_PERMISSION_DENIED)
        return r;
    *stranger = *e;
    e->code = ERR_UNAVAILABLE;
    return ERR_UNAVAILABLE;
}

/* When the time is over the others are still tried, but not waited for. */
static int time_left(int wait_ms, int64_t deadline)
{
    if (wait_ms <= 0)
        return wait_ms;
    int64_t left = (deadline - sdk_now()) / CLOCK_MILLISECOND;
    return left > 0 ? (int)left : -1;
}

int sdk_sockets_connect(const struct sdk_sockets *all, const struct sdk_owner *owner,
                        int wait_ms, int *out, struct err *e)
{
    struct err why = {0}, first = {0}, stranger = {0};
    int64_t deadline = clock_after(sdk_now(), wait_ms * CLOCK_MILLISECOND);
    int code = 0;
    for (size_t i = 0; i < all->n; i++) {
        const struct sdk_socket *s = &all->items[i];
        bool is_guess = all->n > 1 && !s->address.sun_path[0];
        int r = is_guess ? connect_guess(s, owner, out, &stranger, &why)
                         : sdk_socket_connect(s, owner, time_left(wait_ms, deadline), out,
                                              &why);
        if (r == 0)
            return 0;
        if (code == 0 || (code == ERR_UNAVAILABLE && r != code)) {
            code = r;
            first = why;
        }
    }
    return none(all, code, &first, &stranger, e);
}
