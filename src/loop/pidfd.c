/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/loop.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/mem.h"

static int pidfd_open_process(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* A pidfd becomes readable when the process has ended, and stays so. */
static void pidfd_readable(uv_poll_t *uv, int status, int events)
{
    struct pidfd_watch *w = CONTAINER_OF(uv, struct pidfd_watch, uv);
    (void)status;
    (void)events;
    uv_poll_stop(uv);
    w->cb(w->user);
}

int pidfd_watch_start(struct pidfd_watch *w, uv_loop_t *loop, pid_t pid,
                      void (*cb)(void *user), void *user, struct err *e)
{
    cleanup_fd int fd = pidfd_open_process(pid);
    if (fd < 0 && errno == ESRCH)
        return err_set(e, ERR_NOT_FOUND, "no process %d", (int)pid);
    if (fd < 0)
        return err_errno(e, errno, "watch process %d", (int)pid);
    int r = uv_poll_init(loop, &w->uv, fd);
    if (r)
        return err_errno(e, -r, "watch process %d", (int)pid);
    w->cb = cb;
    w->user = user;
    w->fd = TAKE_FD(fd);
    uv_poll_start(&w->uv, UV_READABLE, pidfd_readable);
    return 0;
}

/* libuv forgets the descriptor when the handle is stopped, so that it can go now. */
void pidfd_watch_close(struct pidfd_watch *w, struct loop_close *c)
{
    uv_handle_t *handle = (uv_handle_t *)&w->uv;
    if (handle->type == UV_UNKNOWN_HANDLE || uv_is_closing(handle))
        return;
    loop_close_handle(c, handle);
    close(w->fd);
    w->fd = -1;
}
