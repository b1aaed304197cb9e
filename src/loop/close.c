/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/loop.h"

#include <assert.h>

/* The owner itself holds one count from init to end, so that handles which close early
 * don't finish the whole before all were named. */
void loop_close_init(struct loop_close *c, void (*cb)(void *user), void *user)
{
    *c = (struct loop_close){.pending = 1, .cb = cb, .user = user};
}

void loop_close_hold(struct loop_close *c)
{
    c->pending++;
}

void loop_close_release(void *closing)
{
    struct loop_close *c = closing;
    assert(c->pending > 0);
    if (--c->pending == 0)
        c->cb(c->user);
}

static void handle_closed(uv_handle_t *handle)
{
    loop_close_release(handle->data);
}

void loop_close_handle(struct loop_close *c, uv_handle_t *handle)
{
    if (handle->type == UV_UNKNOWN_HANDLE || uv_is_closing(handle))
        return;
    handle->data = c;
    loop_close_hold(c);
    uv_close(handle, handle_closed);
}

void loop_close_end(struct loop_close *c)
{
    loop_close_release(c);
}
