/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/map.h"
#include "loop/loop.h"
#include "storage/storage.h"

/*
 * A storage that outlives its managers. Commits take their time, and may fail: then
 * nothing of them is there.
 */
struct disk {
    struct storage storage;
    struct map rows; /* key -> struct buf, in memory of its own */
    struct timer timer;
    struct storage_batch batch; /* under way */
    storage_committed done;
    void *user;
    bool is_busy, is_full;
};

void disk_init(struct disk *d, uv_loop_t *loop);
void disk_close(struct disk *d, struct loop_close *c);
