/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/pump.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/mem.h"

/* A pipe that poll calls writable takes so many bytes at once. */
#define WRITE_MAX PIPE_BUF
#define READ_MAX 16384

/* More than a pipe or a terminal holds: who wrote more is writing still. */
#define HELD_MAX (1024 * 1024 + READ_MAX)

void pump_close(struct pump *p)
{
    if (p->from >= 0)
        close(p->from);
    p->from = -1;
    buf_deinit(&p->out);
}

void pump_poll(const struct pump *p, struct pollfd fds[PUMP_FDS])
{
    bool writes = p->out.len;
    fds[0] = (struct pollfd){.fd = writes ? -1 : p->from, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = writes ? p->to : -1, .events = POLLOUT};
}

static int take(struct pump *p, const char *bytes, size_t n, struct err *e)
{
    int r = p->filter ? mask_stream_feed(p->filter, bytes, n, &p->out)
                      : buf_append(&p->out, bytes, n);
    return r ? err_no_memory(e) : 0;
}

int pump_flush(struct pump *p, struct err *e)
{
    return p->filter && mask_stream_flush(p->filter, &p->out) ? err_no_memory(e) : 0;
}

bool pump_is_waiting(const struct pump *p)
{
    return p->is_prompt && p->filter && !p->out.len && mask_stream_holds(p->filter);
}

/* A terminal whose other side is closed says EIO, which is an end as any other. *total
 * grows by what came. */
static int read_some(struct pump *p, size_t *total, struct err *e)
{
    char bytes[READ_MAX];
    ssize_t n = read(p->from, bytes, sizeof(bytes));
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    int r = 0;
    if (n > 0) {
        *total += (size_t)n;
        r = take(p, bytes, (size_t)n, e);
    } else {
        close(p->from);
        p->from = -1;
        r = pump_flush(p, e);
    }
    mem_wipe(bytes, sizeof(bytes));
    return r;
}

static void write_some(struct pump *p)
{
    size_t n = p->out.len < WRITE_MAX ? p->out.len : WRITE_MAX;
    ssize_t done = write(p->to, p->out.data, n);
    if (done > 0)
        buf_consume(&p->out, (size_t)done);
    if (done >= 0 || errno == EINTR || errno == EAGAIN)
        return;
    p->errnum = errno == EPIPE ? 0 : errno;
    pump_close(p);
}

int pump_step(struct pump *p, const struct pollfd fds[PUMP_FDS], struct err *e)
{
    size_t total = 0;
    if (fds[1].fd >= 0 && fds[1].revents)
        write_some(p);
    if (fds[0].fd >= 0 && fds[0].revents)
        return read_some(p, &total, e);
    return 0;
}

/* ---- what is there when the command ends or stops ---- */

/* Reads as long as there is something, and nothing that has to go out first. */
static int read_held(struct pump *p, size_t *total, bool *is_all, struct err *e)
{
    int r = 0;
    *is_all = false;
    while (!r && !*is_all && !p->out.len) {
        struct pollfd ready = {.fd = p->from, .events = POLLIN};
        *is_all = p->from < 0 || *total >= HELD_MAX || poll(&ready, 1, 0) <= 0;
        r = *is_all ? pump_flush(p, e) : read_some(p, total, e);
    }
    return r;
}

/* Waits for the reader, also where others have set the descriptor not to. False: there
 * was a signal first. */
static bool write_all(struct pump *p, int signals)
{
    while (p->out.len) {
        struct pollfd ready[] = {{.fd = p->to, .events = POLLOUT},
                                 {.fd = signals, .events = POLLIN}};
        if (poll(ready, ARRAY_SIZE(ready), -1) < 0 && errno == EINTR)
            continue;
        if (!ready[0].revents && ready[1].revents)
            return false;
        write_some(p);
    }
    return true;
}

int pump_catch_up(struct pump *p, int signals, struct err *e)
{
    size_t total = 0;
    bool is_all = false;
    int r = 0;
    while (!r && write_all(p, signals) && !is_all)
        r = read_held(p, &total, &is_all, e);
    return r;
}

int pump_end(struct pump *p, struct err *e)
{
    bool is_all;
    int r = read_held(p, &p->held, &is_all, e);
    if (is_all && p->from >= 0) {
        close(p->from);
        p->from = -1;
    }
    return r;
}

bool pump_is_done(const struct pump *p)
{
    return p->from < 0 && !p->out.len;
}
