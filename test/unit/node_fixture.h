/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A node's life over a real cluster, agent and secrets file system; the engine is a fake
 * one, which this program puts in the place of the one on a socket.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/node.h"
#include "engine/fake.h"
#include "fault_malloc.h"
#include "loop/loop.h"

/* Longer than anything here takes. */
#define TIMEOUT (20 * CLOCK_SECOND)

enum engine_plan {
    ENGINE_UP,
    ENGINE_SILENT, /* neither up nor known to be down */
    ENGINE_REFUSED,
};

/* What a request came to. */
struct outcome {
    int times, code;
    char text[256];
};

struct fixture {
    uv_loop_t loop;
    char root[32], state_dir[64], run_dir[64];
    struct config config;
    struct node *node;
    struct outcome outcome;
    struct timer timeout;
    bool is_closed;
    int begins, ends;
    struct err err;
};

/* ---- the engine ---- */

static enum engine_plan plan;
static struct fake_engine *engine;

int engine_docker_api_new(uv_loop_t *loop, const char *path, struct engine **out,
                          struct err *e)
{
    if (plan == ENGINE_REFUSED)
        return err_set(e, ERR_IO, "no engine today");
    engine = fake_engine_new(loop);
    if (!engine)
        return err_no_memory(e);
    if (plan == ENGINE_UP)
        fake_engine_up(engine);
    *out = fake_engine_base(engine);
    return 0;
}

/* The fake has no containers whose references somebody resolves. */
int engine_docker_api_set_references(struct engine *e, const char *folder,
                                     struct err *err)
{
    return 0;
}

/* ---- the fixture ---- */

static inline void on_timeout(void *user)
{
    fail_msg("nothing came in time");
}

static inline void on_closed(void *user)
{
    *(bool *)user = true;
}

#define TURN_UNTIL(f, condition)                                                         \
    do {                                                                                 \
        timer_start(&(f)->timeout, TIMEOUT);                                             \
        while (!(condition))                                                             \
            uv_run(&(f)->loop, UV_RUN_ONCE);                                             \
        timer_cancel(&(f)->timeout);                                                     \
    } while (0)

static inline bool can_mount(void)
{
    static int answer = -1;
    if (answer < 0)
        answer = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
                 mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return answer;
}

static inline void on_begin(struct cluster *c, void *user)
{
    ((struct fixture *)user)->begins++;
    assert_non_null(store_cluster(store_view(cluster_store(c))));
}

static inline void on_end(struct cluster *c, void *user)
{
    ((struct fixture *)user)->ends++;
    assert_non_null(cluster_store(c));
}

static inline int open_node(struct fixture *f)
{
    const struct node_watch watch = {on_begin, on_end, f};
    f->outcome = (struct outcome){0};
    int r = node_new(&f->loop, &f->config, "/nowhere.sock", &f->node, &f->err);
    if (!r)
        node_set_watch(f->node, &watch);
    return r;
}

static inline void close_node(struct fixture *f)
{
    f->is_closed = false;
    node_close(TAKE(f->node), on_closed, &f->is_closed);
    TURN_UNTIL(f, f->is_closed);
}

static inline int set_up(void **state)
{
    if (!can_mount())
        skip();
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    assert_int_equal(crypto_init(&f->err), 0);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    timer_init(&f->timeout, &f->loop, on_timeout, f);
    strcpy_cut(f->root, sizeof(f->root), "/tmp/coffer-node-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    assert_int_equal(mount("state", f->root, "tmpfs", 0, NULL), 0);
    snprintf(f->state_dir, sizeof(f->state_dir), "%s/state", f->root);
    snprintf(f->run_dir, sizeof(f->run_dir), "%s/run", f->root);
    assert_int_equal(mkdir(f->state_dir, 0700), 0);
    assert_int_equal(mkdir(f->run_dir, 0700), 0);
    f->config = (struct config){
        .state_dir = f->state_dir, .run_dir = f->run_dir, .auto_init = true};
    plan = ENGINE_UP;
    assert_int_equal(open_node(f), 0);
    *state = f;
    return 0;
}

/* "<root>/<below>", lent until the next call. */
static inline const char *path_of(const struct fixture *f, const char *below)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", f->root, below);
    return path;
}

static inline void remove_all_files(struct fixture *f)
{
    assert_int_equal(cluster_remove_files(path_of(f, "state/swarm"), &f->err), 0);
    rmdir(path_of(f, "state/swarm"));
    unlink(path_of(f, "state/node.json"));
    umount2(path_of(f, "run/secrets"), MNT_DETACH);
    rmdir(path_of(f, "run/secrets"));
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    struct loop_close closing;
    if (!f)
        return 0;
    if (f->node)
        close_node(f);
    remove_all_files(f);
    assert_int_equal(rmdir(f->run_dir), 0);
    assert_int_equal(rmdir(f->state_dir), 0);
    assert_int_equal(umount(f->root), 0);
    assert_int_equal(rmdir(f->root), 0);
    f->is_closed = false;
    loop_close_init(&closing, on_closed, &f->is_closed);
    timer_close(&f->timeout, &closing);
    loop_close_end(&closing);
    while (!f->is_closed)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
    return 0;
}

/* ---- requests ---- */

static inline void on_done(int r, const struct err *e, void *user)
{
    struct outcome *o = user;
    o->times++;
    o->code = r;
    strcpy_cut(o->text, sizeof(o->text), r ? err_text(e) : "");
}

static inline int wait_for_outcome(struct fixture *f)
{
    assert_int_equal(f->outcome.times, 0);
    assert_true(node_is_busy(f->node));
    TURN_UNTIL(f, f->outcome.times);
    assert_int_equal(f->outcome.times, 1);
    assert_false(node_is_busy(f->node));
    return f->outcome.code;
}

static inline int start(struct fixture *f)
{
    f->outcome = (struct outcome){0};
    node_start(f->node, on_done, &f->outcome);
    return wait_for_outcome(f);
}

static inline int init(struct fixture *f, const struct node_init *how)
{
    f->outcome = (struct outcome){0};
    node_init_swarm(f->node, how, on_done, &f->outcome);
    return wait_for_outcome(f);
}

static inline int confirm(struct fixture *f, const struct node_init *how)
{
    f->outcome = (struct outcome){0};
    node_confirm_swarm(f->node, how, on_done, &f->outcome);
    return wait_for_outcome(f);
}

static inline int leave(struct fixture *f)
{
    f->outcome = (struct outcome){0};
    node_leave_swarm(f->node, on_done, &f->outcome);
    return wait_for_outcome(f);
}

static inline void restart(struct fixture *f)
{
    close_node(f);
    assert_int_equal(open_node(f), 0);
}

static inline const Swarm__Cluster *cluster_of(struct fixture *f)
{
    return store_cluster(store_view(cluster_store(node_cluster(f->node))));
}

static inline const Swarm__Node *self_of(struct fixture *f)
{
    const struct store_view *v = store_view(cluster_store(node_cluster(f->node)));
    return store_get(v, OBJECT_NODE, node_state(f->node)->node_id)->node;
}

static inline Swarm__ClusterSpec *spec_with_history(int64_t limit)
{
    Swarm__ClusterSpec *spec = message_new(&swarm__cluster_spec__descriptor);
    assert_non_null(spec);
    assert_int_equal(cluster_spec_set_defaults(spec), 0);
    spec->orchestration->task_history_retention_limit = limit;
    return spec;
}
