/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children by libuv's spawn, which waits for them on SIGCHLD. What it leaves to its
 * caller is done here: /dev/null for descriptors not given, and close-on-exec for every
 * descriptor of ours, whoever opened it.
 */
#include "loop/loop.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/mem.h"

/* Nothing happens when the process is over. */
static void send_signal(struct process *p, int number)
{
    if (p->is_running)
        (void)uv_process_kill(&p->uv, number);
}

static void process_kill_late(void *user)
{
    send_signal(user, SIGKILL);
}

static void process_close_ended(struct process *p)
{
    struct loop_close *c = TAKE(p->closing);
    process_close(p, c);
    loop_close_release(c);
}

static void process_ended(uv_process_t *uv, int64_t status, int number)
{
    struct process *p = CONTAINER_OF(uv, struct process, uv);
    p->is_running = false;
    timer_cancel(&p->kill_timer);
    if (p->closing)
        process_close_ended(p);
    else
        p->cb(p, (int)status, number, p->user);
}

static void set_stdio(uv_stdio_container_t *to, int fd, int null)
{
    to->flags = UV_INHERIT_FD;
    to->data.fd = fd == PROCESS_NULL ? null : fd;
}

/* What a program expects to start with. Our own is stricter, and a container engine would
 * make volumes with it that no container can enter. */
#define CHILD_UMASK 022

static int spawn_with_umask(uv_loop_t *loop, uv_process_t *p,
                            const uv_process_options_t *options)
{
    mode_t own = umask(CHILD_UMASK);
    int r = uv_spawn(loop, p, options);
    umask(own);
    return r;
}

static int spawn(struct process *p, uv_loop_t *loop, const struct process_options *o,
                 int null)
{
    static const char *const no_env[] = {NULL};
    uv_stdio_container_t stdio[3 + PROCESS_HANDED_MAX];
    assert(o->n_handed <= PROCESS_HANDED_MAX);
    set_stdio(&stdio[0], o->in, null);
    set_stdio(&stdio[1], o->out, null);
    set_stdio(&stdio[2], o->error, null);
    for (size_t i = 0; i < o->n_handed; i++)
        set_stdio(&stdio[3 + i], o->handed[i], null);
    /* libuv's type lacks the const; it only reads them. */
    union {
        const char *const *in;
        char **out;
    } argv = {.in = o->argv}, env = {.in = o->env ? o->env : no_env};
    uv_process_options_t options = {
        .exit_cb = process_ended,
        .file = o->argv[0],
        .args = argv.out,
        .env = env.out,
        .cwd = o->directory ? o->directory : "/",
        .flags = UV_PROCESS_DETACHED,
        .stdio_count = 3 + (int)o->n_handed,
        .stdio = stdio,
        .uid = o->user,
        .gid = o->group,
    };
    if (o->set_user)
        options.flags |= UV_PROCESS_SETUID | UV_PROCESS_SETGID;
    return spawn_with_umask(loop, &p->uv, &options);
}

int process_start(struct process *p, uv_loop_t *loop, const struct process_options *o,
                  void (*cb)(struct process *p, int status, int signal, void *user),
                  void *user, struct err *e)
{
    *p = (struct process){.cb = cb, .user = user};
    cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return err_errno(e, errno, "open /dev/null");
    if (syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
        return err_errno(e, errno, "keep our files from a child");
    timer_init(&p->kill_timer, loop, process_kill_late, p);
    int r = spawn(p, loop, o, null);
    if (r)
        return err_errno(e, -r, "start %s", o->argv[0]);
    p->is_running = true;
    return 0;
}

pid_t process_pid(const struct process *p)
{
    return p->uv.pid;
}

void process_stop(struct process *p, int64_t grace)
{
    if (!p->is_running)
        return;
    send_signal(p, SIGTERM);
    timer_start(&p->kill_timer, grace);
}

/* A child whose handle is closed is never waited for and stays a zombie: its end comes
 * first. */
void process_close(struct process *p, struct loop_close *c)
{
    if (p->is_running && !p->closing) {
        p->closing = c;
        loop_close_hold(c);
        send_signal(p, SIGKILL);
    }
    if (p->is_running)
        return;
    timer_close(&p->kill_timer, c);
    loop_close_handle(c, (uv_handle_t *)&p->uv);
}
