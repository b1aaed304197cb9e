/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin's way to its engine: the descriptor that it was started with, or else the
 * engine's socket and the request that turns it into a bare connection.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "resolver/plugin.h"
#include "sdk/launch.h"
#include "sdk/plugin_private.h"
#include "sdk/sdk.h"
#include "sdk/socket.h"
#include "wire/hijack.h"

/* ---- hijack ---- */

static int wait_until(int fd, short events, int64_t deadline, struct err *e)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t now = sdk_now();
    if (now >= deadline)
        return err_set(e, ERR_DEADLINE_EXCEEDED, "the engine doesn't answer a plugin");
    if (poll(&p, 1, sdk_poll_time(deadline, now)) < 0 && errno != EINTR)
        return err_errno(e, errno, "poll");
    return 0;
}

static int send_all(int fd, const struct buf *b, int64_t deadline, struct err *e)
{
    for (size_t sent = 0; sent < b->len;) {
        ssize_t n = send(fd, b->data + sent, b->len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return err_errno(e, errno, "send to the engine");
        sent += n > 0 ? (size_t)n : 0;
        int r = n < 0 ? wait_until(fd, POLLOUT, deadline, e) : 0;
        if (r)
            return r;
    }
    return 0;
}

/* What comes behind the answer's head goes to early. */
static int take_in(struct hijack *h, const char *piece, size_t n, struct buf *early,
                   struct err *e)
{
    size_t used;
    int r = hijack_feed(h, piece, n, &used, e);
    if (!r && h->is_done && buf_append(early, piece + used, n - used))
        r = err_no_memory(e);
    return r;
}

static int read_answer(int fd, struct hijack *h, int64_t deadline, struct buf *early,
                       struct err *e)
{
    char piece[4096];
    int r = 0;
    while (!r && !h->is_done) {
        ssize_t n = recv(fd, piece, sizeof(piece), 0);
        if (n > 0)
            r = take_in(h, piece, (size_t)n, early, e);
        else if (n == 0 || errno == ECONNRESET)
            r = hijack_eof(h, e);
        else if (errno == EAGAIN || errno == EINTR)
            r = wait_until(fd, POLLIN, deadline, e);
        else
            r = err_errno(e, errno, "receive from the engine");
    }
    return r;
}

static int hijack(int fd, struct buf *early, struct err *e)
{
    cleanup_hijack struct hijack h;
    cleanup_buf struct buf request = BUF_INIT;
    int64_t deadline = clock_after(sdk_now(), SDK_HIJACK_TIME);
    hijack_init(&h);
    if (hijack_write_request(&request))
        return err_no_memory(e);
    int r = send_all(fd, &request, deadline, e);
    if (r && r != ERR_UNAVAILABLE)
        return r;
    return read_answer(fd, &h, deadline, early, e); /* a refusal may come unasked */
}

/* ---- by hand ---- */

static int set_name(struct coffer_plugin *p, const char *name, struct err *e)
{
    int r = plugin_check_name(name, e);
    if (r)
        return r;
    p->name = mem_dup(name, strlen(name));
    return p->name ? 0 : err_no_memory(e);
}

static int connect_by_hand(struct coffer_plugin *p, struct err *e)
{
    const char *name = p->options.name;
    struct sdk_owner owner = {.uid = geteuid()};
    struct sdk_sockets sockets;
    cleanup_buf struct buf early = BUF_INIT;
    cleanup_fd int fd = -1;
    int wait = (int)(SDK_HIJACK_TIME / CLOCK_MILLISECOND);
    int r = set_name(p, name ? name : program_invocation_short_name, e);
    if (!r)
        r = sdk_sockets_find(p->options.socket, owner.uid, &sockets, e);
    if (!r)
        r = sdk_sockets_connect(&sockets, &owner, wait, &fd, e);
    if (!r)
        r = hijack(fd, &early, e);
    p->register_time = p->options.register_timeout_ms
                           ? p->options.register_timeout_ms * CLOCK_MILLISECOND
                           : SDK_REGISTER_TIME;
    return r ? r : sdk_link_init(&p->link, TAKE_FD(fd), &early, e);
}

/* ---- by an engine ---- */

static int connect_launched(struct coffer_plugin *p, struct sdk_launch *launch,
                            struct err *e)
{
    struct buf nothing = BUF_INIT;
    p->name = TAKE(launch->name);
    p->register_time = launch->timeout;
    return sdk_link_init(&p->link, TAKE_FD(launch->fd), &nothing, e);
}

int sdk_plugin_connect(struct coffer_plugin *p, struct err *e)
{
    cleanup_sdk_launch struct sdk_launch launch = {.fd = -1};
    int r = sdk_launch_take(&launch, e);
    if (r)
        return r;
    return launch.fd < 0 ? connect_by_hand(p, e) : connect_launched(p, &launch, e);
}
