/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/exit_watch.h"

#include <stdlib.h>

#include "base/mem.h"
#include "loop/loop.h"

struct exit_watch {
    struct pidfd_watch pidfd;
    struct loop_close closing;
};

int exit_watch_new(uv_loop_t *loop, int32_t pid, void (*cb)(void *user), void *user,
                   struct exit_watch **out, struct err *e)
{
    cleanup_free struct exit_watch *w = calloc(1, sizeof(*w));
    if (!w)
        return err_no_memory(e);
    int r = pidfd_watch_start(&w->pidfd, loop, pid, cb, user, e);
    if (r)
        return r;
    *out = TAKE(w);
    return 0;
}

void exit_watch_close(struct exit_watch *w)
{
    if (!w)
        return;
    loop_close_init(&w->closing, free, w);
    pidfd_watch_close(&w->pidfd, &w->closing);
    loop_close_end(&w->closing);
}
