/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "cluster/proposer.h"

/*
 * After a rotation of the data key: seals anew, a piece at a time and between ordinary
 * commits, all that older keys have sealed; then the old keys are forgotten in the ring
 * and in its file. What an error stops (a full disk, a full queue) goes on by itself
 * after a while; what a crash interrupts is taken up by the next start.
 */
struct rekey;

/* After an error it goes on after this time, doubled by each further one up to the
 * maximum. */
#define REKEY_RETRY_FIRST CLOCK_SECOND
#define REKEY_RETRY_MAX CLOCK_MINUTE

/* All but keyfile, which is copied, are borrowed. NULL: out of memory. */
struct rekey *rekey_new(uv_loop_t *loop, struct proposer *p, struct store *store,
                        struct sealed *storage, struct keyring *keys,
                        const char *keyfile);

/* Begins, unless it is at it already or there is nothing to do. One that waits after an
 * error goes on at once. */
void rekey_start(struct rekey *r);

/* Frees it, then calls closed from the loop. The proposer is closed before this, so that
 * nothing calls back any more. */
void rekey_close(struct rekey *r, void (*closed)(void *user), void *user);
