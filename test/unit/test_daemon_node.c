/* SPDX-License-Identifier: Apache-2.0 */
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

/* ---- the fixture ---- */

static void on_timeout(void *user)
{
    fail_msg("nothing came in time");
}

static void on_closed(void *user)
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

static bool can_mount(void)
{
    static int answer = -1;
    if (answer < 0)
        answer = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
                 mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return answer;
}

static void on_begin(struct cluster *c, void *user)
{
    ((struct fixture *)user)->begins++;
    assert_non_null(store_cluster(store_view(cluster_store(c))));
}

static void on_end(struct cluster *c, void *user)
{
    ((struct fixture *)user)->ends++;
    assert_non_null(cluster_store(c));
}

static int open_node(struct fixture *f)
{
    const struct node_watch watch = {on_begin, on_end, f};
    f->outcome = (struct outcome){0};
    int r = node_new(&f->loop, &f->config, "/nowhere.sock", &f->node, &f->err);
    if (!r)
        node_set_watch(f->node, &watch);
    return r;
}

static void close_node(struct fixture *f)
{
    f->is_closed = false;
    node_close(TAKE(f->node), on_closed, &f->is_closed);
    TURN_UNTIL(f, f->is_closed);
}

static int set_up(void **state)
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
static const char *path_of(const struct fixture *f, const char *below)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", f->root, below);
    return path;
}

static void remove_all_files(struct fixture *f)
{
    assert_int_equal(cluster_remove_files(path_of(f, "state/swarm"), &f->err), 0);
    rmdir(path_of(f, "state/swarm"));
    unlink(path_of(f, "state/node.json"));
    umount2(path_of(f, "run/secrets"), MNT_DETACH);
    rmdir(path_of(f, "run/secrets"));
}

static int tear_down(void **state)
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

static void on_done(int r, const struct err *e, void *user)
{
    struct outcome *o = user;
    o->times++;
    o->code = r;
    strcpy_cut(o->text, sizeof(o->text), r ? err_text(e) : "");
}

static int wait_for_outcome(struct fixture *f)
{
    assert_int_equal(f->outcome.times, 0);
    assert_true(node_is_busy(f->node));
    TURN_UNTIL(f, f->outcome.times);
    assert_int_equal(f->outcome.times, 1);
    assert_false(node_is_busy(f->node));
    return f->outcome.code;
}

static int start(struct fixture *f)
{
    f->outcome = (struct outcome){0};
    node_start(f->node, on_done, &f->outcome);
    return wait_for_outcome(f);
}

static int init(struct fixture *f, const struct node_init *how)
{
    f->outcome = (struct outcome){0};
    node_init_swarm(f->node, how, on_done, &f->outcome);
    return wait_for_outcome(f);
}

static int confirm(struct fixture *f, const struct node_init *how)
{
    f->outcome = (struct outcome){0};
    node_confirm_swarm(f->node, how, on_done, &f->outcome);
    return wait_for_outcome(f);
}

static int leave(struct fixture *f)
{
    f->outcome = (struct outcome){0};
    node_leave_swarm(f->node, on_done, &f->outcome);
    return wait_for_outcome(f);
}

static void restart(struct fixture *f)
{
    close_node(f);
    assert_int_equal(open_node(f), 0);
}

static const Swarm__Cluster *cluster_of(struct fixture *f)
{
    return store_cluster(store_view(cluster_store(node_cluster(f->node))));
}

static const Swarm__Node *self_of(struct fixture *f)
{
    const struct store_view *v = store_view(cluster_store(node_cluster(f->node)));
    return store_get(v, OBJECT_NODE, node_state(f->node)->node_id)->node;
}

static Swarm__ClusterSpec *spec_with_history(int64_t limit)
{
    Swarm__ClusterSpec *spec = message_new(&swarm__cluster_spec__descriptor);
    assert_non_null(spec);
    assert_int_equal(cluster_spec_set_defaults(spec), 0);
    spec->orchestration->task_history_retention_limit = limit;
    return spec;
}

/* ---- start ---- */

static void a_fresh_node_becomes_a_swarm_of_one(void **state)
{
    struct fixture *f = *state;
    assert_null(node_cluster(f->node));
    assert_int_equal(start(f), 0);
    assert_non_null(node_cluster(f->node));
    assert_int_equal(node_state(f->node)->membership, NODE_MEMBER);
    assert_true(node_state(f->node)->is_auto);
    assert_string_equal(node_state(f->node)->cluster_id, cluster_of(f)->id);
    assert_true(node_ca_pem(f->node)->len > 0 && node_ca_spki(f->node)->len > 0);
    assert_string_not_equal(node_address(f->node), "");
    assert_int_equal(f->begins, 1);
    close_node(f);
    assert_int_equal(f->ends, 1);
}

static void a_restarted_node_is_who_it_was(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    struct node_state before = *node_state(f->node);
    restart(f);
    assert_int_equal(start(f), 0);
    assert_string_equal(node_state(f->node)->node_id, before.node_id);
    assert_string_equal(node_state(f->node)->cluster_id, before.cluster_id);
    assert_string_equal(node_state(f->node)->manager_addr, before.manager_addr);
}

static void a_node_that_was_cut_off_before_its_note_finds_its_swarm(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    struct node_state before = *node_state(f->node);
    close_node(f);
    assert_int_equal(unlink(path_of(f, "state/node.json")), 0);
    assert_int_equal(open_node(f), 0);
    assert_int_equal(start(f), 0);
    assert_string_equal(node_state(f->node)->node_id, before.node_id);
    assert_true(node_state(f->node)->is_auto);
}

static void without_auto_init_a_fresh_node_waits(void **state)
{
    struct fixture *f = *state;
    f->config.auto_init = false;
    assert_int_equal(start(f), 0);
    assert_null(node_cluster(f->node));
    assert_int_equal(f->begins, 0);
    const struct node_init how = {.advertise_addr = "127.0.0.1:4000"};
    assert_int_equal(init(f, &how), 0);
    assert_non_null(node_cluster(f->node));
    assert_false(node_state(f->node)->is_auto);
    assert_string_equal(node_address(f->node), "127.0.0.1");
}

/* ---- settling ---- */

static void a_start_is_done_when_the_node_has_registered(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    assert_int_equal(self_of(f)->status->state, SWARM__NODE_STATUS__STATE__READY);
    assert_string_equal(self_of(f)->description->hostname, "fake-host");
    restart(f);
    assert_int_equal(start(f), 0);
    assert_int_equal(self_of(f)->status->state, SWARM__NODE_STATUS__STATE__READY);
}

static void an_engine_that_is_away_is_not_waited_for(void **state)
{
    struct fixture *f = *state;
    node_start(f->node, on_done, &f->outcome);
    TURN_UNTIL(f, node_cluster(f->node));
    assert_int_equal(f->outcome.times, 0);
    int64_t before = clock_monotonic();
    fake_engine_down(engine);
    assert_int_equal(wait_for_outcome(f), 0);
    assert_true(clock_monotonic() - before < NODE_SETTLE_TIMEOUT / 2);
    assert_int_not_equal(self_of(f)->status->state, SWARM__NODE_STATUS__STATE__READY);
}

static void an_engine_that_says_nothing_is_not_waited_for_long(void **state)
{
    struct fixture *f = *state;
    plan = ENGINE_SILENT;
    assert_int_equal(start(f), 0);
    assert_non_null(node_cluster(f->node));
    fake_engine_up(engine);
    TURN_UNTIL(f, self_of(f)->status->state == SWARM__NODE_STATUS__STATE__READY);
}

static void an_end_while_it_settles_is_one(void **state)
{
    struct fixture *f = *state;
    plan = ENGINE_SILENT;
    node_start(f->node, on_done, &f->outcome);
    TURN_UNTIL(f, node_cluster(f->node));
    close_node(f);
    assert_int_equal(f->outcome.times, 1);
    assert_int_equal(f->outcome.code, ERR_CANCELED);
}

/* ---- init ---- */

static void the_settings_say_the_address_that_a_request_leaves_out(void **state)
{
    struct fixture *f = *state;
    char said[] = "127.0.0.7";
    f->config.auto_init = false;
    f->config.advertise_addr = said;
    assert_int_equal(start(f), 0);
    assert_int_equal(init(f, &(struct node_init){.advertise_addr = ""}), 0);
    assert_string_equal(node_state(f->node)->manager_addr, "127.0.0.7:2377");
}

static void an_address_that_is_none_leaves_the_node_outside(void **state)
{
    struct fixture *f = *state;
    f->config.auto_init = false;
    assert_int_equal(start(f), 0);
    const struct node_init how = {.advertise_addr = "nosuch0",
                                  .spec = spec_with_history(3)};
    assert_int_equal(init(f, &how), ERR_INVALID_ARGUMENT);
    assert_null(node_cluster(f->node));
    assert_int_equal(init(f, &(struct node_init){.advertise_addr = "127.0.0.1"}), 0);
}

/* ---- confirmation ---- */

static void a_confirmed_swarm_is_as_asked_and_the_same(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    struct node_state before = *node_state(f->node);
    char token[JOIN_TOKEN_SIZE];
    strcpy_cut(token, sizeof(token), cluster_of(f)->root_ca->join_tokens->worker);
    const struct node_init how = {
        .advertise_addr = "127.0.0.9:2000",
        .availability = SWARM__NODE_SPEC__AVAILABILITY__DRAIN,
        .spec = spec_with_history(3),
    };
    assert_int_equal(confirm(f, &how), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cluster_of(f)->spec->orchestration->task_history_retention_limit,
                         3);
        assert_string_equal(cluster_of(f)->id, before.cluster_id);
        assert_string_equal(cluster_of(f)->root_ca->join_tokens->worker, token);
        assert_string_equal(self_of(f)->id, before.node_id);
        assert_int_equal(self_of(f)->spec->availability,
                         SWARM__NODE_SPEC__AVAILABILITY__DRAIN);
        assert_string_equal(self_of(f)->manager_status->addr, "127.0.0.9:2000");
        assert_string_equal(self_of(f)->status->addr, "127.0.0.9");
        assert_string_equal(node_address(f->node), "127.0.0.9");
        assert_false(node_state(f->node)->is_auto);
        restart(f);
        assert_int_equal(start(f), 0);
    }
}

static void a_confirmation_that_says_no_address_keeps_it(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    struct node_state before = *node_state(f->node);
    assert_int_equal(confirm(f, &(struct node_init){.advertise_addr = ""}), 0);
    assert_string_equal(node_state(f->node)->manager_addr, before.manager_addr);
    assert_string_equal(self_of(f)->manager_status->addr, before.manager_addr);
}

static void assert_unchanged(struct fixture *f, uint64_t version, const char *addr)
{
    const struct store_view *v = store_view(cluster_store(node_cluster(f->node)));
    assert_int_equal(object_version(store_get(v, OBJECT_CLUSTER, cluster_of(f)->id)),
                     version);
    assert_int_equal(self_of(f)->spec->availability,
                     SWARM__NODE_SPEC__AVAILABILITY__ACTIVE);
    assert_string_equal(node_state(f->node)->manager_addr, addr);
    assert_true(node_state(f->node)->is_auto);
}

static void a_confirmation_with_a_bad_value_changes_nothing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    struct node_state before = *node_state(f->node);
    const struct store_view *v = store_view(cluster_store(node_cluster(f->node)));
    uint64_t version = object_version(store_get(v, OBJECT_CLUSTER, before.cluster_id));
    struct node_init how = {.advertise_addr = "nosuch0",
                            .availability = SWARM__NODE_SPEC__AVAILABILITY__PAUSE,
                            .spec = spec_with_history(3)};
    assert_int_equal(confirm(f, &how), ERR_INVALID_ARGUMENT);
    assert_unchanged(f, version, before.manager_addr);
    how.advertise_addr = "127.0.0.1";
    how.spec = spec_with_history(3);
    assert_int_equal(
        message_set_duration(&how.spec->ca_config->node_cert_expiry, CLOCK_MINUTE), 0);
    assert_int_equal(confirm(f, &how), ERR_INVALID_ARGUMENT);
    assert_unchanged(f, version, before.manager_addr);
}

/* ---- leave ---- */

static void a_node_that_left_stays_out_and_keeps_nothing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    assert_int_equal(leave(f), 0);
    assert_null(node_cluster(f->node));
    assert_int_equal(f->ends, 1);
    assert_int_equal(node_ca_pem(f->node)->len, 0);
    assert_int_equal(access(path_of(f, "state/swarm/store.db"), F_OK), -1);
    assert_int_equal(access(path_of(f, "state/swarm/keys"), F_OK), -1);
    restart(f);
    assert_int_equal(start(f), 0);
    assert_null(node_cluster(f->node));
    assert_int_equal(init(f, &(struct node_init){.advertise_addr = "127.0.0.1"}), 0);
    assert_int_equal(f->begins, 2);
}

/* ---- what fails ---- */

static void what_node_json_does_not_say_stops_the_start(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(file_replace(path_of(f, "state/node.json"), 0600, "{", 1, &f->err),
                     0);
    assert_int_equal(start(f), ERR_DATA_LOSS);
    assert_non_null(strstr(f->outcome.text, "node.json"));
    assert_null(node_cluster(f->node));
}

static void a_member_without_its_store_does_not_begin_anew(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    close_node(f);
    assert_int_equal(cluster_remove_files(path_of(f, "state/swarm"), &f->err), 0);
    assert_int_equal(open_node(f), 0);
    assert_int_equal(start(f), ERR_DATA_LOSS);
    assert_non_null(strstr(f->outcome.text, "has lost its contents"));
}

static void a_store_of_another_swarm_is_not_taken(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    struct node_state other = *node_state(f->node);
    close_node(f);
    other.cluster_id[0] = other.cluster_id[0] == 'a' ? 'b' : 'a';
    assert_int_equal(node_state_save(path_of(f, "state/node.json"), &other, &f->err), 0);
    assert_int_equal(open_node(f), 0);
    assert_int_equal(start(f), ERR_DATA_LOSS);
    assert_non_null(strstr(f->outcome.text, "is of another swarm"));
}

static void files_that_cant_be_made_are_told(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(file_replace(path_of(f, "state/swarm"), 0600, "", 0, &f->err), 0);
    assert_int_not_equal(start(f), 0);
    assert_non_null(strstr(f->outcome.text, "swarm"));
    assert_int_equal(unlink(path_of(f, "state/swarm")), 0);
    assert_int_equal(start(f), 0);
}

static void without_an_engine_or_a_place_for_secrets_nothing_stays_open(void **state)
{
    struct fixture *f = *state;
    plan = ENGINE_REFUSED;
    assert_int_equal(start(f), ERR_IO);
    assert_string_equal(f->outcome.text, "no engine today");
    assert_null(node_cluster(f->node));
    plan = ENGINE_UP;
    assert_int_equal(file_replace(path_of(f, "run/secrets"), 0600, "", 0, &f->err), 0);
    assert_int_not_equal(start(f), 0);
    assert_null(node_cluster(f->node));
    assert_int_equal(unlink(path_of(f, "run/secrets")), 0);
    assert_int_equal(start(f), 0);
    assert_int_equal(f->begins, 1);
}

/* ---- the end ---- */

static void a_request_under_way_hears_of_the_end(void **state)
{
    struct fixture *f = *state;
    node_start(f->node, on_done, &f->outcome);
    close_node(f);
    assert_int_equal(f->outcome.times, 1);
    assert_int_equal(f->outcome.code, ERR_CANCELED);
    assert_int_equal(open_node(f), 0);
    assert_int_equal(start(f), 0);
    f->outcome = (struct outcome){0};
    fake_engine_down(engine);
    node_leave_swarm(f->node, on_done, &f->outcome);
    close_node(f);
    assert_int_equal(f->outcome.times, 1);
}

static void a_confirmation_under_way_hears_of_the_end(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f), 0);
    f->outcome = (struct outcome){0};
    node_confirm_swarm(f->node, &(struct node_init){.advertise_addr = ""}, on_done,
                       &f->outcome);
    close_node(f);
    assert_int_equal(f->outcome.times, 1);
}

static void an_outcome_that_is_known_comes_before_the_end(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(file_replace(path_of(f, "state/node.json"), 0600, "{", 1, &f->err),
                     0);
    node_start(f->node, on_done, &f->outcome);
    close_node(f);
    assert_int_equal(f->outcome.times, 1);
    assert_int_equal(f->outcome.code, ERR_DATA_LOSS);
}

/* ---- memory ---- */

/* One life with its n-th allocation failing: start, confirmation, leave. What fails is
 * told once and for want of memory; then the node is as able as before. */
static bool live_without_memory(struct fixture *f, size_t n)
{
    fault_malloc_at(n);
    if (!open_node(f)) {
        if (!start(f) && !confirm(f, &(struct node_init){.advertise_addr = "127.0.0.1"}))
            (void)!leave(f);
        assert_true(f->outcome.code == 0 || fault_malloc_has_failed());
        close_node(f);
    }
    bool has_failed = fault_malloc_has_failed();
    fault_malloc_at(0);
    remove_all_files(f);
    return has_failed;
}

static void memory_that_runs_out_is_told_and_leaks_nothing(void **state)
{
    struct fixture *f = *state;
    size_t n = 1;
    close_node(f);
    while (live_without_memory(f, n))
        n++;
    assert_true(n > 100);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_fresh_node_becomes_a_swarm_of_one),
        TEST(a_restarted_node_is_who_it_was),
        TEST(a_node_that_was_cut_off_before_its_note_finds_its_swarm),
        TEST(without_auto_init_a_fresh_node_waits),
        TEST(a_start_is_done_when_the_node_has_registered),
        TEST(an_engine_that_is_away_is_not_waited_for),
        TEST(an_engine_that_says_nothing_is_not_waited_for_long),
        TEST(an_end_while_it_settles_is_one),
        TEST(the_settings_say_the_address_that_a_request_leaves_out),
        TEST(an_address_that_is_none_leaves_the_node_outside),
        TEST(a_confirmed_swarm_is_as_asked_and_the_same),
        TEST(a_confirmation_that_says_no_address_keeps_it),
        TEST(a_confirmation_with_a_bad_value_changes_nothing),
        TEST(a_node_that_left_stays_out_and_keeps_nothing),
        TEST(what_node_json_does_not_say_stops_the_start),
        TEST(a_member_without_its_store_does_not_begin_anew),
        TEST(a_store_of_another_swarm_is_not_taken),
        TEST(files_that_cant_be_made_are_told),
        TEST(without_an_engine_or_a_place_for_secrets_nothing_stays_open),
        TEST(a_request_under_way_hears_of_the_end),
        TEST(a_confirmation_under_way_hears_of_the_end),
        TEST(an_outcome_that_is_known_comes_before_the_end),
        TEST(memory_that_runs_out_is_told_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
