/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/proposer.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/crypto.h"
#include "loop/loop.h"

/*
 * A batch goes through these steps; all of them but the commit are synchronous:
 *
 *   queued --gather()--> each runs in a nested transaction --> manager_run --> commit
 *     ^                                                                          |
 *     +--------- the next batch, if anything waits <--------- on_committed <-----+
 *
 * gather() runs in the loop's prepare phase: everything that one turn of the loop has
 * read is in one batch.
 */
struct proposal {
    struct list link;
    proposal_run run;
    proposal_done done;
    void *user;
    int code;
    struct err err;
};

/* A commit that isn't a batch. */
struct loan {
    proposer_start_commit start; /* NULL: none */
    proposal_done done;
    void *user;
    bool has_waited; /* a batch went before it: it is its turn */
    bool is_under_way;
};

struct proposer {
    uv_prepare_t prepare;
    uv_idle_t wake;        /* keeps the loop from sleeping while something is queued */
    struct timer deadline; /* the control loop's, or of its retry */
    struct loop_close closing;

    struct store *store;
    struct sealed *storage;
    struct manager *manager;
    struct clock_steady clock; /* the control loop's */

    struct list queue;
    size_t queue_length;
    struct list committing;  /* the proposals of the batch under way */
    struct store_tx *tx;     /* that batch; NULL when none is */
    struct loan loan;        /* somebody else's commit, waiting or under way */
    bool is_due;             /* the control loop wants to run */
    bool has_manager_failed; /* in the batch under way */
    int64_t retry_delay;

    void (*closed)(void *user);
    void *closed_user;
    bool is_finishing; /* closing waits for its handles only */
};

static void fill_random(void *rng, void *out, size_t n)
{
    (void)rng;
    crypto_random(out, n);
}

static int64_t steady_now(struct proposer *p)
{
    return clock_steady_now(&p->clock, clock_now(), clock_monotonic());
}

static struct manager_env environment(struct proposer *p)
{
    return (struct manager_env){.now = steady_now(p), .random = fill_random};
}

/* ---- waking up ---- */

static void on_wake(uv_idle_t *idle)
{
    (void)idle; /* its being active is all it does */
}

static bool is_committing(const struct proposer *p)
{
    return p->tx || p->loan.is_under_way;
}

static bool has_work(const struct proposer *p)
{
    if (is_committing(p) || p->closed)
        return false;
    return p->is_due || p->loan.start || !list_is_empty(&p->queue);
}

static void update_wake(struct proposer *p)
{
    if (has_work(p))
        uv_idle_start(&p->wake, on_wake);
    else
        uv_idle_stop(&p->wake);
}

static void on_deadline(void *user)
{
    struct proposer *p = user;
    p->is_due = true;
    update_wake(p);
}

static void arm_deadline(struct proposer *p)
{
    p->retry_delay = PROPOSER_RETRY_FIRST;
    int64_t deadline = manager_deadline(p->manager);
    if (deadline == CLOCK_NEVER)
        timer_cancel(&p->deadline);
    else
        timer_start(&p->deadline, deadline - steady_now(p));
}

/* ---- the end of a batch ---- */

static void finish_all(struct list *proposals, int r, const struct err *e)
{
    while (!list_is_empty(proposals)) {
        struct proposal *proposal = LIST_FIRST(proposals, struct proposal, link);
        list_remove(&proposal->link);
        int code = proposal->code ? proposal->code : r;
        const struct err *reason = proposal->code ? &proposal->err : e;
        if (proposal->done)
            proposal->done(code, code ? reason : NULL, proposal->user);
        free(proposal);
    }
}

/* The control loop starts over from the store, later: what stopped it may have gone by
 * then. */
static void retry_later(struct proposer *p)
{
    manager_reset(p->manager);
    timer_start(&p->deadline, p->retry_delay);
    p->retry_delay *= 2;
    if (p->retry_delay > PROPOSER_RETRY_MAX)
        p->retry_delay = PROPOSER_RETRY_MAX;
}

static void finish_closing(struct proposer *p);

static void on_committed(int r, const struct err *e, void *user)
{
    struct proposer *p = user;
    struct store_tx *tx = TAKE(p->tx);
    struct list finished;
    list_init(&finished);
    list_splice(&finished, &p->committing);
    if (r) {
        log_error("cluster state not saved: %s", err_text(e));
        store_tx_drop(tx);
        retry_later(p);
    } else {
        store_apply(p->store, tx);
        if (p->has_manager_failed)
            retry_later(p);
        else
            arm_deadline(p);
    }
    finish_all(&finished, r, e);
    update_wake(p);
    if (p->closed)
        finish_closing(p);
}

/* ---- a batch ---- */

/* Runs one proposal in a transaction of its own, so that a refused one leaves nothing
 * behind. */
static int run_one(struct proposer *p, struct proposal *proposal,
                   const struct manager_env *env)
{
    struct store_tx *tx;
    if (store_tx_begin(store_tx_view(p->tx), env->now, &tx))
        return err_no_memory(&proposal->err);
    int r = proposal->run(tx, env, proposal->user, &proposal->err);
    if (r) {
        store_tx_drop(tx);
        return r;
    }
    return store_tx_merge(tx, p->tx) ? err_no_memory(&proposal->err) : 0;
}

static void run_queue(struct proposer *p, const struct manager_env *env)
{
    while (!list_is_empty(&p->queue)) {
        struct proposal *proposal = LIST_FIRST(&p->queue, struct proposal, link);
        list_remove(&proposal->link);
        list_append(&p->committing, &proposal->link);
        proposal->code = run_one(p, proposal, env);
    }
    p->queue_length = 0;
}

/* An error of the control loop must not cost the users' changes: they are committed
 * without it, and it starts over. */
static void run_manager(struct proposer *p, const struct manager_env *env)
{
    struct err e = {0};
    p->is_due = false;
    p->has_manager_failed = manager_run(p->manager, p->tx, env, &e) != 0;
    if (p->has_manager_failed)
        log_error("control loop: %s; it starts over", err_text(&e));
}

static void commit(struct proposer *p)
{
    const struct store_change *changes;
    size_t n = store_tx_changes(p->tx, &changes);
    if (n == 0) {
        on_committed(0, NULL, p);
        return;
    }
    store_tx_prepare(p->tx);
    sealed_commit(p->storage, changes, n, store_version(store_tx_view(p->tx)),
                  on_committed, p);
}

static void gather(struct proposer *p)
{
    struct manager_env env = environment(p);
    if (store_tx_begin(store_view(p->store), env.now, &p->tx)) {
        struct err e;
        err_no_memory(&e);
        list_splice(&p->committing, &p->queue);
        p->queue_length = 0;
        on_committed(e.code, &e, p);
        return;
    }
    run_queue(p, &env);
    run_manager(p, &env);
    commit(p);
}

/* ---- lending the storage ---- */

static void on_loan_committed(int r, const struct err *e, void *user)
{
    struct proposer *p = user;
    struct loan loan = p->loan;
    p->loan = (struct loan){0};
    loan.done(r, e, loan.user);
    update_wake(p);
    if (p->closed)
        finish_closing(p);
}

int proposer_lend(struct proposer *p, proposer_start_commit start, proposal_done done,
                  void *user, struct err *e)
{
    if (p->closed)
        return err_set(e, ERR_UNAVAILABLE, "the manager is stopping");
    if (p->loan.start)
        return err_set(e, ERR_FAILED_PRECONDITION, "the storage is lent already");
    p->loan = (struct loan){.start = start, .done = done, .user = user};
    update_wake(p);
    return 0;
}

/* A batch goes first, but never two. */
static bool is_loans_turn(const struct proposer *p)
{
    if (!p->loan.start)
        return false;
    return p->loan.has_waited || (!p->is_due && list_is_empty(&p->queue));
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct proposer *p = prepare->data;
    if (!has_work(p))
        return;
    if (is_loans_turn(p)) {
        p->loan.is_under_way = true;
        p->loan.start(p->storage, store_view(p->store), on_loan_committed, p);
    } else {
        p->loan.has_waited = p->loan.start != NULL;
        gather(p);
    }
    update_wake(p);
}

/* ---- life ---- */

static void on_closed(void *user)
{
    struct proposer *p = user;
    void (*closed)(void *) = p->closed;
    void *closed_user = p->closed_user;
    manager_free(p->manager);
    free(p);
    closed(closed_user);
}

/* Does nothing while a commit is under way: its end calls again. So does one whose
 * outcome made its proposer close this. */
static void finish_closing(struct proposer *p)
{
    if (is_committing(p) || p->is_finishing)
        return;
    p->is_finishing = true;
    struct err e;
    err_set(&e, ERR_CANCELED, "the manager is stopping");
    finish_all(&p->queue, e.code, &e);
    if (p->loan.start)
        p->loan.done(e.code, &e, p->loan.user);
    loop_close_init(&p->closing, on_closed, p);
    loop_close_handle(&p->closing, (uv_handle_t *)&p->prepare);
    loop_close_handle(&p->closing, (uv_handle_t *)&p->wake);
    timer_close(&p->deadline, &p->closing);
    loop_close_end(&p->closing);
}

void proposer_close(struct proposer *p, void (*closed)(void *user), void *user)
{
    p->closed = closed;
    p->closed_user = user;
    finish_closing(p);
}

int proposer_new(uv_loop_t *loop, struct store *store, struct sealed *storage,
                 struct proposer **out, struct err *e)
{
    struct proposer *p = calloc(1, sizeof(*p));
    struct manager *manager = manager_new();
    if (!p || !manager) {
        free(p);
        manager_free(manager);
        return err_no_memory(e);
    }
    p->store = store;
    p->storage = storage;
    p->manager = manager;
    p->is_due = true;
    p->retry_delay = PROPOSER_RETRY_FIRST;
    list_init(&p->queue);
    list_init(&p->committing);
    uv_prepare_init(loop, &p->prepare);
    uv_idle_init(loop, &p->wake);
    timer_init(&p->deadline, loop, on_deadline, p);
    p->prepare.data = p->wake.data = p;
    uv_prepare_start(&p->prepare, on_prepare);
    uv_unref((uv_handle_t *)&p->prepare);
    update_wake(p);
    *out = p;
    return 0;
}

int proposer_submit(struct proposer *p, proposal_run run, proposal_done done, void *user,
                    struct err *e)
{
    if (p->closed)
        return err_set(e, ERR_UNAVAILABLE, "the manager is stopping");
    if (p->queue_length >= PROPOSER_QUEUE_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "%d changes are waiting already; try again later",
                       PROPOSER_QUEUE_MAX);
    struct proposal *proposal = calloc(1, sizeof(*proposal));
    if (!proposal)
        return err_no_memory(e);
    *proposal = (struct proposal){.run = run, .done = done, .user = user};
    list_append(&p->queue, &proposal->link);
    p->queue_length++;
    update_wake(p);
    return 0;
}
