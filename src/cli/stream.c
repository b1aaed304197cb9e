/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stream.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/client_private.h"
#include "cli/connection.h"
#include "cli/times.h"
#include "wire/http_reader.h"

/* The most bytes that lie here unread: the sender waits then. */
#define PENDING_MAX (1024U * 1024)

struct stream {
    const struct client *client;
    int fd;
    struct http_reader reader;
    struct buf pending;
    bool has_head; /* of the answer, which is in the reader */
    bool ended;
    struct err failure;  /* why it ended too early; no code: it didn't */
    int signals;         /* a signalfd, or -1 */
    bool is_interrupted; /* one came that wasn't told yet */
    sigset_t before;
};

static int hold_signals(struct stream *s, struct err *e)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, &s->before))
        return err_errno(e, errno, "hold signals back");
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->signals >= 0)
        return 0;
    int errnum = errno;
    sigprocmask(SIG_SETMASK, &s->before, NULL);
    return err_errno(e, errnum, "watch signals");
}

void stream_close(struct stream *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    http_reader_deinit(&s->reader);
    if (s->signals >= 0) {
        close(s->signals);
        sigprocmask(SIG_SETMASK, &s->before, NULL);
    }
    buf_deinit(&s->pending);
    free(s);
}

static int start(struct stream *s, const char *path, bool hears_signals, struct err *e)
{
    const char *host = client_host(s->client);
    cleanup_buf struct buf request = BUF_INIT;
    int r = client_write_request(s->client, "GET", path, NULL, &request, e);
    r = r ?: connection_open(host, &s->fd, e);
    r = r ?: connection_send(s->fd, &request, host, e);
    return r || !hears_signals ? r : hold_signals(s, e);
}

/* ---- what comes ---- */

static int take_body(struct stream *s, struct err *e)
{
    if (s->reader.len > CLIENT_ANSWER_MAX - s->pending.len)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "the answer is too long");
    return buf_append(&s->pending, s->reader.data, s->reader.len) ? err_no_memory(e) : 0;
}

/* Answers that come before the answer are skipped. */
static int on_event(struct stream *s, struct err *e)
{
    int status = s->reader.head.status;
    switch (s->reader.event) {
    case READER_MORE:
        break;
    case READER_HEAD:
        s->has_head = status >= 200;
        break;
    case READER_BODY:
        return take_body(s, e);
    case READER_END:
        s->ended = s->has_head;
        if (!s->ended)
            http_reader_next(&s->reader, false);
    }
    return 0;
}

static int feed(struct stream *s, const char *piece, size_t n, struct err *e)
{
    for (size_t at = 0, used; at < n && !s->ended; at += used) {
        int r = http_reader_feed(&s->reader, piece + at, n - at, &used, e);
        r = r ?: on_event(s, e);
        if (r)
            return r;
    }
    return 0;
}

/* The daemon says no more. */
static int finish(struct stream *s, struct err *e)
{
    if (!s->has_head)
        return err_set(e, ERR_UNAVAILABLE, "it was closed without an answer");
    int r = http_reader_eof(&s->reader, e);
    s->ended = true;
    return r;
}

/* Takes what there is. An answer that breaks off ends the stream behind what came. */
static int pump(struct stream *s, struct err *e)
{
    const char *host = client_host(s->client);
    char piece[CONNECTION_PIECE];
    struct err why = {0};
    size_t n;
    int r = connection_receive(s->fd, piece, &n, host, e);
    if (r)
        return r;
    r = n ? feed(s, piece, n, &why) : finish(s, &why);
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    if (r) {
        s->ended = true;
        connection_broken(host, r, err_text(&why), &s->failure);
    }
    return 0;
}

/* Milliseconds until a deadline, rounded up, for a wait that may be done in pieces. */
static int until(int64_t deadline)
{
    const int64_t piece = CLOCK_HOUR;
    int64_t left = deadline == CLOCK_NEVER ? piece : deadline - times_monotonic();
    if (left <= 0)
        return 0;
    left = left < piece ? left : piece;
    return (int)((left + CLOCK_MILLISECOND - 1) / CLOCK_MILLISECOND);
}

/* Waits for the socket, a signal or the deadline. */
static int wait_once(struct stream *s, int64_t deadline, struct err *e)
{
    struct pollfd fds[] = {{.fd = s->fd, .events = POLLIN},
                           {.fd = s->signals, .events = POLLIN}};
    struct signalfd_siginfo info;
    if (poll(fds, ARRAY_SIZE(fds), until(deadline)) < 0)
        return errno == EINTR ? 0 : err_errno(e, errno, "wait for the daemon");
    if (fds[1].revents && read(s->signals, &info, sizeof(info)) == sizeof(info))
        s->is_interrupted = true;
    return fds[0].revents ? pump(s, e) : 0;
}

/* What is there already, without waiting, as long as there is room for it. */
static int take_ready(struct stream *s, struct err *e)
{
    struct pollfd fd = {.fd = s->fd, .events = POLLIN};
    int r = 0;
    while (!r && !s->ended && s->pending.len <= PENDING_MAX && poll(&fd, 1, 0) > 0)
        r = pump(s, e);
    return r;
}

static int hand_over(struct stream *s, struct buf *out, struct err *e)
{
    if (buf_append(out, s->pending.data, s->pending.len))
        return err_no_memory(e);
    buf_reset(&s->pending);
    return 0;
}

static int fail(const struct stream *s, struct err *e)
{
    if (e)
        *e = s->failure;
    return s->failure.code;
}

int stream_read(struct stream *s, int64_t timeout, struct buf *out,
                enum stream_news *news, struct err *e)
{
    int64_t deadline = timeout == CLOCK_NEVER ? CLOCK_NEVER : times_monotonic() + timeout;
    int r = take_ready(s, e);
    while (!r && !s->pending.len && !s->ended && !s->is_interrupted &&
           until(deadline) > 0)
        r = wait_once(s, deadline, e);
    if (r)
        return r;
    if (s->is_interrupted)
        *news = STREAM_INTERRUPTED;
    else if (s->pending.len)
        *news = STREAM_DATA;
    else if (!s->ended)
        *news = STREAM_TIMEOUT;
    else if (s->failure.code)
        return fail(s, e);
    else
        *news = STREAM_END;
    s->is_interrupted = false;
    return *news == STREAM_DATA ? hand_over(s, out, e) : 0;
}

/* Has the head of an answer come that is no refusal? */
static bool is_granted(const struct stream *s)
{
    return s->has_head && s->reader.head.status < 400;
}

/* Waits for the head, and for the whole of a refusal. What ends too early behind its
 * head, and an interrupt that comes together with it, is for stream_read to tell. */
static int read_head(struct stream *s, struct err *e)
{
    int r = 0;
    while (!r && !is_granted(s) && !s->ended) {
        if (s->is_interrupted)
            return err_set(e, ERR_CANCELED, "interrupted");
        r = wait_once(s, CLOCK_NEVER, e);
    }
    if (r || is_granted(s))
        return r;
    if (s->failure.code)
        return fail(s, e);
    return client_refusal(s->reader.head.status, &s->pending, e);
}

int stream_open(struct client *c, const char *path, bool hears_signals,
                struct stream **out, struct err *e)
{
    struct stream *s = calloc(1, sizeof(*s));
    if (!s)
        return err_no_memory(e);
    s->client = c;
    s->fd = s->signals = -1;
    http_reader_init(&s->reader, HTTP_RESPONSE);
    http_reader_next(&s->reader, false);
    int r = start(s, path, hears_signals, e);
    if (!r)
        r = read_head(s, e);
    if (r) {
        stream_close(s);
        return r;
    }
    *out = s;
    return 0;
}

bool stream_is_cofferd(const struct stream *s)
{
    const char *server = http_head_get(&s->reader.head, "Server");
    return server && str_starts_with(server, "Coffer/");
}

int stream_take_line(struct buf *from, struct buf *line, bool *found)
{
    const char *end = from->len ? memchr(from->data, '\n', from->len) : NULL;
    *found = end;
    if (!end)
        return 0;
    size_t n = (size_t)(end - from->data);
    buf_reset(line);
    int r = buf_append(line, from->data, n);
    if (!r)
        buf_consume(from, n + 1);
    return r;
}
