/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "sdk/link_private.h"
#include "sdk/sdk.h"

#define PIECE_SIZE ((size_t)32 * 1024)

int sdk_link_init(struct sdk_link *l, int fd, const struct buf *early, struct err *e)
{
    *l = (struct sdk_link){.fd = fd};
    list_init(&l->exchanges);
    l->yamux = yamux_new(YAMUX_CLIENT, sdk_now());
    if (!l->yamux)
        return err_no_memory(e);
    return early->len ? yamux_feed(l->yamux, early->data, early->len, e) : 0;
}

void sdk_link_deinit(struct sdk_link *l)
{
    if (l->yamux) {
        LIST_FOR_EACH (link, &l->exchanges)
            sdk_exchange_free(CONTAINER_OF(link, struct sdk_exchange, link));
    }
    yamux_free(l->yamux);
    buf_deinit(&l->out);
    if (l->fd >= 0)
        close(l->fd);
    *l = (struct sdk_link){.fd = -1};
}

bool sdk_link_has_output(const struct sdk_link *l)
{
    return l->sent < l->out.len || yamux_has_output(l->yamux);
}

/* ---- sending ---- */

static void lose(struct sdk_link *l)
{
    l->is_gone = true;
    buf_reset(&l->out);
    l->sent = 0;
    yamux_lost(l->yamux);
}

/* What the last drain gave. */
static int send_rest(struct sdk_link *l, bool *is_full, struct err *e)
{
    while (l->sent < l->out.len && !l->is_gone) {
        ssize_t n = send(l->fd, l->out.data + l->sent, l->out.len - l->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0)
            l->sent += (size_t)n;
        else if (errno == EPIPE || errno == ECONNRESET)
            lose(l);
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            return err_errno(e, errno, "send to the engine");
    }
    *is_full = l->sent < l->out.len;
    if (!*is_full) {
        buf_reset(&l->out);
        l->sent = 0;
    }
    return 0;
}

/* Draining makes room for streams that wait for it, and they fill it again: so until
 * either has nothing left. */
static int send_all(struct sdk_link *l, struct err *e)
{
    bool is_full = false;
    int r = send_rest(l, &is_full, e);
    while (!r && !is_full && !l->is_gone && yamux_has_output(l->yamux)) {
        r = yamux_drain(l->yamux, &l->out, e);
        if (!r)
            r = send_rest(l, &is_full, e);
        if (!r)
            r = sdk_link_take_events(l, e);
    }
    return r;
}

/* ---- receiving ---- */

static int receive(struct sdk_link *l, struct err *e)
{
    char piece[PIECE_SIZE];
    ssize_t n = recv(l->fd, piece, sizeof(piece), MSG_DONTWAIT);
    int r = 0;
    if (n > 0)
        r = yamux_feed(l->yamux, piece, (size_t)n, e);
    else if (n == 0 || errno == ECONNRESET)
        lose(l);
    else if (errno != EAGAIN && errno != EINTR)
        r = err_errno(e, errno, "receive from the engine");
    mem_wipe(piece, sizeof(piece));
    return r;
}

/* ---- turns ---- */

/* A session that failed says why to the other side, as far as that still works. */
static void say_last_words(struct sdk_link *l)
{
    struct err unsent;
    bool is_full;
    if (yamux_drain(l->yamux, &l->out, &unsent))
        (void)!send_rest(l, &is_full, &unsent);
}

static int wait_for(struct sdk_link *l, int64_t deadline, struct pollfd *other,
                    bool *is_readable, struct err *e)
{
    short events = (short)(POLLIN | (sdk_link_has_output(l) ? POLLOUT : 0));
    struct pollfd fds[2] = {{.fd = l->fd, .events = events}};
    int64_t now = sdk_now();
    if (other)
        fds[1] = *other;
    int n = poll(fds, other ? 2 : 1, sdk_poll_time(deadline, now));
    if (n < 0 && errno != EINTR)
        return err_errno(e, errno, "poll");
    if (n < 0)
        fds[0].revents = fds[1].revents = 0;
    if (other)
        other->revents = fds[1].revents;
    *is_readable = fds[0].revents & (POLLIN | POLLHUP | POLLERR);
    return 0;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int sdk_link_turn(struct sdk_link *l, int64_t deadline, struct pollfd *other,
                  struct err *e)
{
    bool is_readable = false;
    int r = send_all(l, e);
    if (r || l->is_gone)
        return r;
    deadline = earlier(deadline,
                       earlier(yamux_deadline(l->yamux), sdk_link_request_deadline(l)));
    r = wait_for(l, deadline, other, &is_readable, e);
    if (!r && is_readable)
        r = receive(l, e);
    if (!r && !l->is_gone)
        r = yamux_tick(l->yamux, sdk_now(), e);
    if (r)
        say_last_words(l);
    else
        r = sdk_link_take_events(l, e);
    if (!r)
        r = send_all(l, e);
    return r ? r : sdk_link_sweep(l, sdk_now(), e);
}
