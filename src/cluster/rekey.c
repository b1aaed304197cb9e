/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/rekey.h"

#include <stdlib.h>

#include "base/log.h"
#include "cluster/ca_key.h"
#include "cluster/secret_payload.h"
#include "loop/loop.h"

/*
 * Each step looks at what is stale and does one piece of it; its end is the next step:
 *
 *   payloads: a proposal that replaces secrets, and the cluster for its root's key, by
 *             ones sealed anew (their rows with them)
 *   rows:     a commit of their own, since the objects don't change
 *   nothing:  the old keys go
 *
 * An error stops it until the timer, or a rotation, lets it look again.
 */
struct rekey {
    struct proposer *proposer;
    struct store *store;
    struct sealed *storage;
    struct keyring *keys;
    char *keyfile;
    bool is_running; /* a step is under way */
    struct timer retry;
    int64_t retry_delay;
    struct loop_close closing;
    void (*closed)(void *user);
    void *closed_user;
};

static void on_retry(void *user)
{
    rekey_start(user);
}

struct rekey *rekey_new(uv_loop_t *loop, struct proposer *p, struct store *store,
                        struct sealed *storage, struct keyring *keys, const char *keyfile)
{
    struct rekey *k = calloc(1, sizeof(*k));
    char *path = strdup(keyfile);
    if (!k || !path) {
        free(k);
        free(path);
        return NULL;
    }
    *k = (struct rekey){.proposer = p,
                        .store = store,
                        .storage = storage,
                        .keys = keys,
                        .keyfile = path,
                        .retry_delay = REKEY_RETRY_FIRST};
    timer_init(&k->retry, loop, on_retry, k);
    return k;
}

/* Nothing to go on with when the manager is stopping. */
static void go_on_later(struct rekey *k, const struct err *e)
{
    k->is_running = false;
    if (e->code == ERR_CANCELED || e->code == ERR_UNAVAILABLE)
        return;
    log_error("sealing with the new data key goes on in %lld s: %s",
              (long long)(k->retry_delay / CLOCK_SECOND), err_text(e));
    timer_start(&k->retry, k->retry_delay);
    k->retry_delay *= 2;
    if (k->retry_delay > REKEY_RETRY_MAX)
        k->retry_delay = REKEY_RETRY_MAX;
}

static void step(struct rekey *k);

static void on_step_done(int r, const struct err *e, void *user)
{
    struct rekey *k = user;
    if (r) {
        go_on_later(k, e);
    } else {
        k->retry_delay = REKEY_RETRY_FIRST;
        step(k);
    }
}

/* ---- payloads ---- */

static int reseal_one(const struct rekey *k, struct store_tx *tx,
                      const struct sealed_stale *stale, struct err *e)
{
    const struct object *o = store_get(store_tx_view(tx), stale->kind, stale->id);
    struct object *resealed;
    if (!o)
        return 0;
    int r = o->kind == OBJECT_CLUSTER ? ca_key_reseal(k->keys, o, &resealed, e)
                                      : secret_payload_reseal(k->keys, o, &resealed, e);
    return r ? r : store_tx_update(tx, resealed, e);
}

static int run_payloads(struct store_tx *tx, const struct manager_env *env, void *user,
                        struct err *e)
{
    (void)env;
    struct rekey *k = user;
    struct sealed_stale stale[SEALED_RESEAL_MAX];
    size_t n = sealed_list_stale(k->storage, stale, SEALED_RESEAL_MAX);
    for (size_t i = 0; i < n; i++) {
        int r = stale[i].is_payload ? reseal_one(k, tx, &stale[i], e) : 0;
        if (r)
            return r;
    }
    return 0;
}

/* ---- rows ---- */

static void start_rows(struct sealed *storage, const struct store_view *view,
                       storage_committed done, void *user)
{
    sealed_reseal(storage, view, SEALED_RESEAL_MAX, done, user);
}

/* ---- */

static bool has_stale_payload(const struct rekey *k)
{
    struct sealed_stale stale[SEALED_RESEAL_MAX];
    size_t n = sealed_list_stale(k->storage, stale, SEALED_RESEAL_MAX);
    for (size_t i = 0; i < n; i++)
        if (stale[i].is_payload)
            return true;
    return false;
}

static int finish(struct rekey *k, struct err *e)
{
    if (keyring_count(k->keys) > 1) {
        int r = keyfile_drop_old(k->keyfile, k->keys, e);
        if (r)
            return err_wrap(e, r, "forget the old data keys");
        log_info("all objects are sealed with the current data key");
    }
    k->is_running = false;
    k->retry_delay = REKEY_RETRY_FIRST;
    return 0;
}

static void step(struct rekey *k)
{
    struct err e = {0};
    int r = 0;
    if (has_stale_payload(k))
        r = proposer_submit(k->proposer, run_payloads, on_step_done, k, &e);
    else if (!sealed_is_current(k->storage))
        r = proposer_lend(k->proposer, start_rows, on_step_done, k, &e);
    else
        r = finish(k, &e);
    if (r)
        go_on_later(k, &e);
}

void rekey_start(struct rekey *k)
{
    if (k->is_running)
        return;
    k->is_running = true;
    timer_cancel(&k->retry);
    step(k);
}

static void on_closed(void *user)
{
    struct rekey *k = user;
    void (*closed)(void *) = k->closed;
    void *closed_user = k->closed_user;
    free(k->keyfile);
    free(k);
    closed(closed_user);
}

void rekey_close(struct rekey *k, void (*closed)(void *user), void *user)
{
    k->closed = closed;
    k->closed_user = user;
    loop_close_init(&k->closing, on_closed, k);
    timer_close(&k->retry, &k->closing);
    loop_close_end(&k->closing);
}
