/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stream.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/client_private.h"
#include "cli/times.h"

/* The most bytes that lie here unread: the sender waits then. */
#define PENDING_MAX (1024U * 1024)

struct stream {
    const struct client *client;
    CURLM *multi;
    CURL *curl;
    struct buf pending;
    bool paused, ended, no_memory;
    CURLcode code;
    int signals;         /* a signalfd, or -1 */
    bool is_interrupted; /* one came that wasn't told yet */
    sigset_t before;
};

static size_t take_bytes(char *data, size_t size, size_t n, void *user)
{
    struct stream *s = user;
    if (s->pending.len > PENDING_MAX) {
        s->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    s->no_memory = buf_append(&s->pending, data, size * n);
    return s->no_memory ? 0 : size * n;
}

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
    if (s->multi && s->curl)
        curl_multi_remove_handle(s->multi, s->curl);
    if (s->curl)
        curl_easy_cleanup(s->curl);
    if (s->multi)
        curl_multi_cleanup(s->multi);
    if (s->signals >= 0) {
        close(s->signals);
        sigprocmask(SIG_SETMASK, &s->before, NULL);
    }
    buf_deinit(&s->pending);
    free(s);
}

static int start(struct stream *s, const char *path, bool hears_signals, struct err *e)
{
    s->multi = curl_multi_init();
    s->curl = curl_easy_init();
    if (!s->multi || !s->curl)
        return err_no_memory(e);
    int r = client_prepare(s->client, s->curl, path, e);
    if (r)
        return r;
    curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, s);
    if (curl_multi_add_handle(s->multi, s->curl))
        return err_no_memory(e);
    return hears_signals ? hold_signals(s, e) : 0;
}

/* Moves what can be moved now. */
static int pump(struct stream *s, struct err *e)
{
    int running = 0;
    if (curl_multi_perform(s->multi, &running))
        return err_set(e, ERR_INTERNAL, "libcurl can't go on with a transfer");
    CURLMsg *m = curl_multi_info_read(s->multi, &running);
    if (!m || m->msg != CURLMSG_DONE)
        return 0;
    s->ended = true;
    s->code = m->data.result;
    if (s->no_memory)
        return err_no_memory(e);
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
    struct curl_waitfd extra = {.fd = s->signals, .events = CURL_WAIT_POLLIN};
    unsigned int extras = s->signals >= 0;
    if (curl_multi_poll(s->multi, &extra, extras, until(deadline), NULL))
        return err_set(e, ERR_INTERNAL, "libcurl can't wait for a transfer");
    struct signalfd_siginfo info;
    if (extras && read(s->signals, &info, sizeof(info)) == sizeof(info))
        s->is_interrupted = true;
    return pump(s, e);
}

static void resume(struct stream *s)
{
    if (!s->paused || s->pending.len > PENDING_MAX)
        return;
    s->paused = false;
    curl_easy_pause(s->curl, CURLPAUSE_CONT);
}

static int hand_over(struct stream *s, struct buf *out, struct err *e)
{
    if (buf_append(out, s->pending.data, s->pending.len))
        return err_no_memory(e);
    buf_reset(&s->pending);
    resume(s);
    return 0;
}

int stream_read(struct stream *s, int64_t timeout, struct buf *out,
                enum stream_news *news, struct err *e)
{
    int64_t deadline = timeout == CLOCK_NEVER ? CLOCK_NEVER : times_monotonic() + timeout;
    int r = pump(s, e);
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
    else if (s->code)
        return client_curl_error(s->client, s->curl, s->code, e);
    else
        *news = STREAM_END;
    s->is_interrupted = false;
    return *news == STREAM_DATA ? hand_over(s, out, e) : 0;
}

/* Has the head of an answer come that is no refusal? */
static bool is_granted(const struct stream *s, long *status)
{
    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, status);
    return *status >= 200 && *status < 400;
}

/* Waits for the head, and for the whole of a refusal. What ends too early behind its
 * head, and an interrupt that comes together with it, is for stream_read to tell. */
static int read_head(struct stream *s, struct err *e)
{
    long status = 0;
    int r = pump(s, e);
    while (!r && !is_granted(s, &status) && !s->ended) {
        if (s->is_interrupted)
            return err_set(e, ERR_CANCELED, "interrupted");
        r = wait_once(s, CLOCK_NEVER, e);
    }
    if (r || is_granted(s, &status))
        return r;
    if (s->code)
        return client_curl_error(s->client, s->curl, s->code, e);
    return client_refusal(status, &s->pending, e);
}

int stream_open(struct client *c, const char *path, bool hears_signals,
                struct stream **out, struct err *e)
{
    struct stream *s = calloc(1, sizeof(*s));
    if (!s)
        return err_no_memory(e);
    s->client = c;
    s->signals = -1;
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
    struct curl_header *server = NULL;
    return curl_easy_header(s->curl, "Server", 0, CURLH_HEADER, -1, &server) ==
               CURLHE_OK &&
           str_starts_with(server->value, "Coffer/");
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
