/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/cluster.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cluster/dispatcher.h"
#include "cluster/rekey.h"
#include "storage/sqlite.h"

/*
 * The parts in the order in which they are made; they go in the reverse order. Closing
 * waits for the proposer first, since its callbacks reach into everything else.
 */
struct cluster {
    uv_loop_t *loop;
    char *folder;
    struct keyring *keys;
    struct sealed *storage;
    struct store *store;
    struct proposer *proposer;
    struct rekey *rekey;
    struct rpc_server *server;
    struct log_broker *log_broker;
    struct dispatcher *dispatcher;

    struct bootstrap *bootstrap; /* under way */
    proposal_done bootstrapped;
    void *bootstrap_user;

    void (*closed)(void *user);
    void *closed_user;
};

#define STORE_FILE "store.db"
#define KEY_FILE "keys"
#define CERTIFICATES "certificates"

/* "<folder>/<name>" in new memory. */
static char *path_in(const char *folder, const char *name)
{
    return str_format("%s/%s", folder, name);
}

static int make_folder(const char *path, struct err *e)
{
    if (mkdir(path, 0700) && errno != EEXIST)
        return err_errno(e, errno, "make folder %s", path);
    return 0;
}

/* ---- opening ---- */

/* A database without its keys can't be opened any more: only where there is none, new
 * keys are made. */
static int load_keys(struct cluster *c, const char *keyfile, const char *database,
                     struct err *e)
{
    int r = keyfile_load(keyfile, &c->keys, e);
    if (r != ERR_NOT_FOUND)
        return r;
    if (access(database, F_OK) == 0)
        return err_set(
            e, ERR_DATA_LOSS,
            "%s is missing, and %s can't be read without it; put it back from a backup",
            keyfile, database);
    if (keyring_new(&c->keys))
        return err_no_memory(e);
    return keyfile_save(keyfile, c->keys, e);
}

static int load_store(struct cluster *c, const char *database, struct err *e)
{
    struct storage *sqlite;
    int r = sqlite_open(c->loop, database, &sqlite, e);
    if (r)
        return r;
    c->store = store_new();
    if (sealed_open(sqlite, c->keys, &c->storage) || !c->store)
        return err_no_memory(e);
    r = sealed_load(c->storage, c->store, e);
    if (r && r != ERR_NOT_FOUND)
        return err_wrap(e, r, "%s", database);
    return 0;
}

static int open_files(struct cluster *c, struct err *e)
{
    cleanup_free char *keyfile = path_in(c->folder, KEY_FILE);
    cleanup_free char *database = path_in(c->folder, STORE_FILE);
    if (!keyfile || !database)
        return err_no_memory(e);
    int r = make_folder(c->folder, e);
    if (!r)
        r = load_keys(c, keyfile, database, e);
    if (!r)
        r = load_store(c, database, e);
    if (!r)
        r = proposer_new(c->loop, c->store, c->storage, &c->proposer, e);
    if (r)
        return r;
    c->rekey = rekey_new(c->loop, c->proposer, c->store, c->storage, c->keys, keyfile);
    return c->rekey ? 0 : err_no_memory(e);
}

static void free_parts(struct cluster *c)
{
    rpc_server_free(c->server);
    sealed_close(c->storage);
    store_free(c->store);
    keyring_free(c->keys);
    free(c->folder);
    free(c);
}

static void free_after_close(void *user)
{
    free_parts(user);
}

int cluster_open(const struct cluster_config *config, struct cluster **out, struct err *e)
{
    struct cluster *c = calloc(1, sizeof(*c));
    if (!c)
        return err_no_memory(e);
    c->loop = config->loop;
    c->folder = strdup(config->folder);
    int r = c->folder ? open_files(c, e) : err_no_memory(e);
    if (!r) {
        *out = c;
        return 0;
    }
    if (c->proposer)
        proposer_close(c->proposer, free_after_close, c);
    else
        free_parts(c);
    return r;
}

bool cluster_exists(const struct cluster *c)
{
    return store_cluster(store_view(c->store)) != NULL;
}

/* ---- a new cluster ---- */

static int write_in(const char *folder, const char *name, mode_t mode,
                    const struct buf *text, struct err *e)
{
    cleanup_free char *path = path_in(folder, name);
    return path ? file_replace(path, mode, text->data, text->len, e) : err_no_memory(e);
}

static int write_certificates(const struct cluster *c, const struct bootstrap *b,
                              struct err *e)
{
    cleanup_free char *folder = path_in(c->folder, CERTIFICATES);
    int r = folder ? make_folder(folder, e) : err_no_memory(e);
    if (!r)
        r = write_in(folder, "swarm-root-ca.crt", 0600, &b->root.cert_pem, e);
    if (!r)
        r = write_in(folder, "swarm-node.crt", 0600, &b->node.cert_pem, e);
    if (!r)
        r = write_in(folder, "swarm-node.key", 0600, &b->node.key_pem, e);
    return r;
}

static int run_bootstrap(struct store_tx *tx, const struct manager_env *env, void *user,
                         struct err *e)
{
    struct cluster *c = user;
    return bootstrap_run(tx, env, c->bootstrap, e);
}

static void on_bootstrapped(int r, const struct err *e, void *user)
{
    struct cluster *c = user;
    c->bootstrap = NULL;
    c->bootstrapped(r, e, c->bootstrap_user);
}

/* The certificates go first: a cluster that exists has them, whenever a crash comes. */
int cluster_bootstrap(struct cluster *c, struct bootstrap *b, proposal_done done,
                      void *user, struct err *e)
{
    int r = write_certificates(c, b, e);
    if (r)
        return r;
    c->bootstrap = b;
    b->keys = c->keys;
    c->bootstrapped = done;
    c->bootstrap_user = user;
    return proposer_submit(c->proposer, run_bootstrap, on_bootstrapped, c, e);
}

/* ---- serving ---- */

int cluster_serve(struct cluster *c, const char *manager_addr, struct err *e)
{
    c->server = rpc_server_new();
    if (!c->server)
        return err_no_memory(e);
    int r = log_broker_new(c->loop, c->store, c->server, &c->log_broker, e);
    if (r)
        return r;
    struct dispatcher_config config = {
        .loop = c->loop,
        .store = c->store,
        .proposer = c->proposer,
        .keys = c->keys,
        .server = c->server,
        .manager_addr = manager_addr,
    };
    r = dispatcher_new(&config, &c->dispatcher, e);
    if (!r)
        rekey_start(c->rekey);
    return r;
}

void cluster_set_address(struct cluster *c, const char *manager_addr)
{
    dispatcher_set_address(c->dispatcher, manager_addr);
}

struct store *cluster_store(struct cluster *c)
{
    return c->store;
}

struct proposer *cluster_proposer(struct cluster *c)
{
    return c->proposer;
}

struct keyring *cluster_keys(struct cluster *c)
{
    return c->keys;
}

struct rpc_server *cluster_server(struct cluster *c)
{
    return c->server;
}

struct log_broker *cluster_log_broker(struct cluster *c)
{
    return c->log_broker;
}

int cluster_rotate_key(struct cluster *c, struct err *e)
{
    cleanup_free char *keyfile = path_in(c->folder, KEY_FILE);
    if (!keyfile)
        return err_no_memory(e);
    int r = keyfile_rotate(keyfile, c->keys, e);
    if (!r)
        rekey_start(c->rekey);
    return r;
}

/* ---- closing ---- */

static void on_all_closed(void *user)
{
    struct cluster *c = user;
    void (*closed)(void *) = c->closed;
    void *closed_user = c->closed_user;
    free_parts(c);
    closed(closed_user);
}

static void on_log_broker_closed(void *user)
{
    struct cluster *c = user;
    if (c->dispatcher)
        dispatcher_free(c->dispatcher, on_all_closed, c);
    else
        on_all_closed(c);
}

static void on_rekey_closed(void *user)
{
    struct cluster *c = user;
    if (c->log_broker)
        log_broker_close(c->log_broker, on_log_broker_closed, c);
    else
        on_log_broker_closed(c);
}

static void on_proposer_closed(void *user)
{
    struct cluster *c = user;
    rekey_close(c->rekey, on_rekey_closed, c);
}

void cluster_close(struct cluster *c, void (*closed)(void *user), void *user)
{
    c->closed = closed;
    c->closed_user = user;
    if (c->dispatcher)
        dispatcher_stop(c->dispatcher);
    proposer_close(c->proposer, on_proposer_closed, c);
}

/* ---- leaving ---- */

static int remove_file(const char *folder, const char *name, struct err *e)
{
    cleanup_free char *path = path_in(folder, name);
    if (!path)
        return err_no_memory(e);
    if (remove(path) && errno != ENOENT)
        return err_errno(e, errno, "remove %s", path);
    return 0;
}

/* The keys go first: without them the rest is noise, whatever happens then. */
int cluster_remove_files(const char *folder, struct err *e)
{
    static const char *const names[] = {
        KEY_FILE,
        STORE_FILE,
        STORE_FILE "-wal",
        STORE_FILE "-shm",
        CERTIFICATES "/swarm-node.key",
        CERTIFICATES "/swarm-node.crt",
        CERTIFICATES "/swarm-root-ca.crt",
        CERTIFICATES,
    };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        int r = remove_file(folder, names[i], e);
        if (r)
            return r;
    }
    return 0;
}
