/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt is a poll on the pipe of start's launch and a timer for its end. It is an
 * object of its own: the next may begin before this one's handles are closed.
 */
#include "agent/reference_start.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/loop.h"
#include "start/launch.h"

/* The process gives up after us, so that what is told is that it is late. */
#define PATIENCE (REFERENCE_START_TIMEOUT / CLOCK_SECOND + 1)

struct reference_attempt {
    struct reference_start *owner;
    struct start_launch launch;
    uv_poll_t poll;
    struct timer end;
    struct loop_close closing;
};

static void free_attempt(void *user)
{
    struct reference_attempt *a = user;
    start_launch_deinit(&a->launch);
    free(a);
}

static void close_attempt(struct reference_attempt *a)
{
    loop_close_init(&a->closing, free_attempt, a);
    loop_close_handle(&a->closing, (uv_handle_t *)&a->poll);
    timer_close(&a->end, &a->closing);
    loop_close_end(&a->closing);
}

/* ---- its end ---- */

/* Who is told may go, ask for another attempt, or close all that waits. */
static void finish(struct reference_attempt *a, int r, const struct err *e)
{
    struct reference_start *s = a->owner;
    struct list told;
    list_init(&told);
    list_splice(&told, &s->waiting);
    s->attempt = NULL;
    close_attempt(a);
    while (!list_is_empty(&told)) {
        struct reference_wait *w = LIST_FIRST(&told, struct reference_wait, link);
        list_remove(&w->link);
        w->done(r, e, w->user);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct reference_attempt *a = poll->data;
    bool is_ready;
    struct err e = {0};
    (void)status; /* reading finds out what is wrong */
    (void)events;
    int r = start_launch_read(&a->launch, &is_ready, &e);
    if (r || is_ready)
        finish(a, r, &e);
}

static void on_end(void *user)
{
    struct err e = {0};
    int r = start_launch_too_late(&e);
    finish(user, r, &e);
}

/* ---- its beginning ---- */

static int launch(struct start_launch *out, struct err *e)
{
    cleanup_free char *folder = NULL;
    cleanup_fd int lock = -1;
    int r = start_lock_open(&folder, &lock, e);
    if (!r)
        r = start_launch_begin(out, TAKE(folder), TAKE_FD(lock), PATIENCE, true, e);
    return r == ERR_NOT_FOUND ? err_wrap(e, ERR_UNAVAILABLE, "starting root's engine")
                              : r;
}

/* When it fails, no handle has been begun; a poll that watches nothing ends at once. */
static int watch(struct reference_attempt *a, struct err *e)
{
    uv_loop_t *loop = a->owner->loop;
    int r = uv_poll_init(loop, &a->poll, a->launch.ready);
    if (r)
        return err_set(e, ERR_IO, "watch a pipe: %s", uv_strerror(r));
    a->poll.data = a;
    timer_init(&a->end, loop, on_end, a);
    r = uv_poll_start(&a->poll, UV_READABLE, on_poll);
    timer_start(&a->end, r ? 0 : REFERENCE_START_TIMEOUT);
    return 0;
}

static int begin(struct reference_start *s, struct err *e)
{
    struct reference_attempt *a = calloc(1, sizeof(*a));
    if (!a)
        return err_no_memory(e);
    a->owner = s;
    a->launch = (struct start_launch)START_LAUNCH_INIT;
    int r = launch(&a->launch, e);
    r = r ?: watch(a, e);
    if (r)
        free_attempt(a);
    else
        s->attempt = a;
    return r;
}

/* ---- who waits ---- */

void reference_start_init(struct reference_start *s, uv_loop_t *loop)
{
    *s = (struct reference_start){.loop = loop};
    list_init(&s->waiting);
}

/*
 * systemd gives each of its services an INVOCATION_ID. Our unit hides the homes from us,
 * so an engine that we started would find no store, and would end with our unit. A shell
 * that has the variable from a session's unit only loses the convenience.
 */
bool reference_start_is_ours(void)
{
    return str_is_empty(getenv("INVOCATION_ID"));
}

int reference_start_wait(struct reference_start *s, struct reference_wait *w,
                         struct err *e)
{
    int r = s->attempt ? 0 : begin(s, e);
    if (!r)
        list_append(&s->waiting, &w->link);
    return r;
}

void reference_start_forget(struct reference_wait *w)
{
    list_remove(&w->link);
}

void reference_start_close(struct reference_start *s)
{
    while (!list_is_empty(&s->waiting))
        list_remove(s->waiting.next);
    if (s->attempt)
        close_attempt(TAKE(s->attempt));
}
