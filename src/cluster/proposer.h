/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "base/err.h"
#include "manager/manager.h"
#include "storage/sealed.h"
#include "store/store.h"

/*
 * The one way into the store. A proposal is a function that changes a transaction; it is
 * run, made durable and applied together with everything else that was proposed meanwhile
 * (group commit): while one batch is on its way to disk, the next one gathers. The
 * control loop (manager_run) runs at the end of each batch, inside the same transaction,
 * so what a change makes necessary is committed with it.
 *
 * The control loop's time follows real time, but never goes back and never stands still:
 * when the machine's clock is set back, delays and deadlines go on as if it weren't.
 *
 * Readers see a batch only once it is on disk. When a commit fails, nothing of it
 * happened: each of its proposals hears of it, and the control loop starts over from the
 * store.
 */
struct proposer;

/* How many proposals may wait at once. More are refused with ERR_RESOURCE_EXHAUSTED. */
#define PROPOSER_QUEUE_MAX 4096

/* After a failed commit the control loop's own changes are tried again after this time,
 * doubled up to the maximum. */
#define PROPOSER_RETRY_FIRST (250 * CLOCK_MILLISECOND)
#define PROPOSER_RETRY_MAX (15 * CLOCK_SECOND)

/* Changes tx and returns 0, or an error with its text: then nothing of it is kept. Runs
 * on the loop, later than submit. */
typedef int (*proposal_run)(struct store_tx *tx, const struct manager_env *env,
                            void *user, struct err *e);

/* The outcome: r is 0 once the change is durable and applied. Comes exactly once, never
 * from within submit. */
typedef void (*proposal_done)(int r, const struct err *e, void *user);

/* store and storage are borrowed and outlive the proposer. */
int proposer_new(uv_loop_t *loop, struct store *store, struct sealed *storage,
                 struct proposer **out, struct err *e) MUST_CHECK;

/* Queues a proposal. Fails (and calls nothing) only for lack of memory or a full queue.
 * done may be NULL. */
int proposer_submit(struct proposer *p, proposal_run run, proposal_done done, void *user,
                    struct err *e) MUST_CHECK;

/*
 * Lends the storage for one commit of another kind: start is called when no batch is
 * under way, and must start a commit with the callback and user that it is given; batches
 * wait meanwhile. At most one batch goes first, however much is proposed. done then tells
 * the outcome. One at a time (ERR_FAILED_PRECONDITION).
 */
typedef void (*proposer_start_commit)(struct sealed *storage,
                                      const struct store_view *view,
                                      storage_committed done, void *user);
int proposer_lend(struct proposer *p, proposer_start_commit start, proposal_done done,
                  void *user, struct err *e) MUST_CHECK;

/*
 * Waits for the commit under way, ends what is queued with ERR_CANCELED and frees the
 * proposer; then calls closed.
 */
void proposer_close(struct proposer *p, void (*closed)(void *user), void *user);
