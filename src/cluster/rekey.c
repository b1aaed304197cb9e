/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/rekey.h"

#include <stdlib.h>

#include "base/log.h"
#include "cluster/ca_key.h"
#include "cluster/secret_payload.h"

/*
 * Each step looks at what is stale and does one piece of it; its end is the next step:
 *
 *   payloads: a proposal that replaces secrets, and the cluster for its root's key, by
 *             ones sealed anew (their rows with them)
 *   rows:     a commit of their own, since the objects don't change
 *   nothing:  the old keys go
 *
 * An error ends it with a line in the log; the next rotation or start tries again.
 */
struct rekey {
    struct proposer *proposer;
    struct store *store;
    struct sealed *storage;
    struct keyring *keys;
    char *keyfile;
    bool is_running;
};

struct rekey *rekey_new(struct proposer *p, struct store *store, struct sealed *storage,
                        struct keyring *keys, const char *keyfile)
{
    struct rekey *k = calloc(1, sizeof(*k));
    char *path = strdup(keyfile);
    if (!k || !path) {
        free(k);
        free(path);
        return NULL;
    }
    *k = (struct rekey){p, store, storage, keys, path, false};
    return k;
}

void rekey_free(struct rekey *k)
{
    if (!k)
        return;
    free(k->keyfile);
    free(k);
}

/* That the manager is stopping is no news. */
static void give_up(struct rekey *k, const struct err *e)
{
    k->is_running = false;
    if (e->code != ERR_CANCELED && e->code != ERR_UNAVAILABLE)
        log_error(
            "sealing with the new data key stopped, it goes on at the next start: %s",
            err_text(e));
}

static void step(struct rekey *k);

static void on_step_done(int r, const struct err *e, void *user)
{
    struct rekey *k = user;
    if (r)
        give_up(k, e);
    else
        step(k);
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

static void finish(struct rekey *k)
{
    struct err e = {0};
    k->is_running = false;
    if (keyring_count(k->keys) == 1)
        return;
    if (keyfile_drop_old(k->keyfile, k->keys, &e))
        log_error("old data keys not forgotten: %s", err_text(&e));
    else
        log_info("all objects are sealed with the current data key");
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
        finish(k);
    if (r)
        give_up(k, &e);
}

void rekey_start(struct rekey *k)
{
    if (k->is_running)
        return;
    k->is_running = true;
    step(k);
}
