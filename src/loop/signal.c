/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/loop.h"

#include <signal.h>

#include "base/macro.h"

static void signal_arrived(uv_signal_t *uv, int number)
{
    struct signal_watch *w = CONTAINER_OF(uv, struct signal_watch, uv);
    w->cb(number, w->user);
}

int signal_watch_start(struct signal_watch *w, uv_loop_t *loop, int number,
                       void (*cb)(int number, void *user), void *user, struct err *e)
{
    int r = uv_signal_init(loop, &w->uv);
    if (r)
        return err_errno(e, -r, "watch signal %d", number);
    w->cb = cb;
    w->user = user;
    r = uv_signal_start(&w->uv, signal_arrived, number);
    if (r)
        return err_errno(e, -r, "watch signal %d", number);
    return 0;
}

void signal_watch_close(struct signal_watch *w, struct loop_close *c)
{
    loop_close_handle(c, (uv_handle_t *)&w->uv);
}

void signal_ignore_pipe(void)
{
    signal(SIGPIPE, SIG_IGN);
}
