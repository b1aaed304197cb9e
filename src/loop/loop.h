/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <uv.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "loop/clock.h"

/*
 * Small helpers over libuv, for the one thread that runs the loop. All structs are
 * embedded in their owner and must not move while they are in use. Callbacks come from
 * the loop only, never from within a function that was called. Durations are nanoseconds.
 *
 * The handle of a struct that was never initialised (all zero) may be closed: that does
 * nothing. Closing twice does nothing either.
 */

/* ---- closing (close.c) ---- */

/*
 * Counts what an owner still waits for, so that it can free itself when the last handle
 * is closed:
 *
 *     loop_close_init(&o->closing, owner_closed, o);
 *     timer_close(&o->timer, &o->closing);
 *     pidfd_watch_close(&o->watch, &o->closing);
 *     loop_close_end(&o->closing);
 *
 * The callback comes once, after loop_close_end and after everything counted is done.
 * When nothing is left to wait for it comes from within loop_close_end; that is so only
 * for an owner whose handles were never initialised.
 */
struct loop_close {
    unsigned pending;
    void (*cb)(void *user);
    void *user;
};

void loop_close_init(struct loop_close *c, void (*cb)(void *user), void *user);

/* Closes a handle of libuv's and counts it; its data pointer is overwritten. */
void loop_close_handle(struct loop_close *c, uv_handle_t *handle);

/* Counts something else, say a child's x_close(), until the release. Both have the form
 * of a callback where that helps: loop_close_release(void *). */
void loop_close_hold(struct loop_close *c);
void loop_close_release(void *c);

void loop_close_end(struct loop_close *c);

/* ---- soon (defer.c) ---- */

/* Callbacks that come from the loop as soon as it turns, in the order of their start:
 * what a function that must not call back itself does instead. A queue costs one handle,
 * a callback no system call. */
struct defer_queue {
    uv_idle_t uv;
    struct list waiting;
    struct list running; /* those of this turn that didn't come yet */
};

struct defer {
    struct list link;
    void (*cb)(void *user);
    void *user;
};

void defer_queue_init(struct defer_queue *q, uv_loop_t *loop);

/* What still waits never comes. */
void defer_queue_close(struct defer_queue *q, struct loop_close *c);

void defer_init(struct defer *d, void (*cb)(void *user), void *user);

/* The callback comes once, however often this is called before. */
void defer_start(struct defer *d, struct defer_queue *q);
void defer_cancel(struct defer *d);

/* ---- timers (timer.c) ---- */

struct timer {
    uv_timer_t uv;
    void (*cb)(void *user);
    void *user;
};

void timer_init(struct timer *t, uv_loop_t *loop, void (*cb)(void *user), void *user);

/* The callback comes once, after the delay (rounded up to milliseconds; a negative one
 * counts as none). Starting a running timer sets it anew. */
void timer_start(struct timer *t, int64_t delay);
void timer_cancel(struct timer *t);
bool timer_is_running(const struct timer *t);
void timer_close(struct timer *t, struct loop_close *c);

/* ---- blocking work, one after the other (work_queue.c) ---- */

/*
 * Works that share files and therefore may not run at once. Each begins when the one
 * before it has run.
 */
struct work_queue {
    uv_loop_t *loop;
    struct list turns; /* the first one runs */
    struct loop_close *closing;
};

/*
 * Runs `run` on a thread of the pool and then `done` on the loop. run may touch only what
 * was moved into the struct that holds the turn.
 */
struct work_turn {
    struct list link;
    struct work_queue *queue;
    uv_work_t work;
    void (*run)(struct work_turn *t);
    void (*done)(struct work_turn *t);
};

void work_queue_init(struct work_queue *q, uv_loop_t *loop);
void work_queue_add(struct work_queue *q, struct work_turn *t,
                    void (*run)(struct work_turn *t), void (*done)(struct work_turn *t));

/* Waits for all that was added. */
void work_queue_close(struct work_queue *q, struct loop_close *c);

/* ---- the end of a process that is not our child, or is (pidfd.c) ---- */

struct pidfd_watch {
    uv_poll_t uv;
    int fd;
    void (*cb)(void *user);
    void *user;
};

/* The callback comes once, when the process has ended. ERR_NOT_FOUND when there is no
 * such process now: then nothing was started, nothing needs closing. */
int pidfd_watch_start(struct pidfd_watch *w, uv_loop_t *loop, pid_t pid,
                      void (*cb)(void *user), void *user, struct err *e) MUST_CHECK;

/* No callback comes after this. */
void pidfd_watch_close(struct pidfd_watch *w, struct loop_close *c);

/* ---- child processes (process.c) ---- */

/*
 * A program is started without a shell, with exactly the environment given, in its own
 * session, default signal dispositions, and no other file descriptors than 0, 1, 2 and
 * what is handed on.
 */
struct process_options {
    const char *const *argv; /* argv[0] is the file, looked up in env's PATH when it has
                                no slash; NULL-terminated */
    const char *const *env;  /* "NAME=value"; NULL-terminated; NULL: an empty one */
    const char *directory;   /* NULL: "/" */
    int in, out, error;      /* descriptors the child gets (they stay ours);
                                PROCESS_NULL: /dev/null */
    const int *handed;       /* these too: 3 and further; they stay ours */
    size_t n_handed;         /* up to PROCESS_HANDED_MAX */
    bool set_user;           /* change to user and group */
    uid_t user;
    gid_t group;
};

#define PROCESS_NULL (-1)
#define PROCESS_HANDED_MAX 4

struct process {
    uv_process_t uv;
    struct timer kill_timer;
    void (*cb)(struct process *p, int status, int signal, void *user);
    void *user;
    bool is_running;
    struct loop_close *closing;
};

/* The callback comes once, with the exit status and the signal that ended it (0: none).
 * After it, or after an error here, p may be closed and then started again. */
int process_start(struct process *p, uv_loop_t *loop, const struct process_options *o,
                  void (*cb)(struct process *p, int status, int signal, void *user),
                  void *user, struct err *e) MUST_CHECK;

pid_t process_pid(const struct process *p);

/* SIGTERM, and SIGKILL when it is still there after `grace`. The callback tells when. */
void process_stop(struct process *p, int64_t grace);

/* Lets go of the process: one that still runs is killed and waited
 * for; no callback comes. */
void process_close(struct process *p, struct loop_close *c);

/* ---- a child that is kept running (supervisor.c) ---- */

/*
 * Starts a program, and again when it ends, with a growing delay: the first restart comes
 * after SUPERVISOR_DELAY_MIN, each further one after twice as long, up to
 * SUPERVISOR_DELAY_MAX; a run of SUPERVISOR_STABLE or longer starts that over.
 */
#define SUPERVISOR_DELAY_MIN (100 * CLOCK_MILLISECOND)
#define SUPERVISOR_DELAY_MAX (10 * CLOCK_SECOND)
#define SUPERVISOR_STABLE (10 * CLOCK_SECOND)

struct supervisor;

struct supervisor_events {
    /* Fills in what to start, each time anew; the pointers must hold until the callback's
     * next call. */
    void (*prepare)(struct process_options *o, void *user);
    /* It runs. May be NULL. */
    void (*on_start)(pid_t pid, void *user);
    /* It ended or couldn't be started: the text says which and how. A restart follows
     * unless this calls supervisor_close. May be NULL. */
    void (*on_exit)(const struct err *e, void *user);
};

int supervisor_new(uv_loop_t *loop, const struct supervisor_events *events, void *user,
                   struct supervisor **out, struct err *e) MUST_CHECK;

/* Starts the program now. */
void supervisor_start(struct supervisor *s);

/* Stops it (SIGTERM, after `grace` SIGKILL), waits for its end, frees s and calls cb (may
 * be NULL). No event comes after this call. */
void supervisor_close(struct supervisor *s, int64_t grace, void (*cb)(void *user),
                      void *user);

/* ---- signals to ourselves (signal.c) ---- */

struct signal_watch {
    uv_signal_t uv;
    void (*cb)(int signal, void *user);
    void *user;
};

/* The callback comes for each arrival of the signal (SIGTERM, SIGHUP, ...). */
int signal_watch_start(struct signal_watch *w, uv_loop_t *loop, int signal,
                       void (*cb)(int signal, void *user), void *user,
                       struct err *e) MUST_CHECK;

/* A write to a connection that is gone must be an error, not the end of the process.
 * Whoever makes sockets calls this; more than once does no harm. */
void signal_ignore_pipe(void);
void signal_watch_close(struct signal_watch *w, struct loop_close *c);
