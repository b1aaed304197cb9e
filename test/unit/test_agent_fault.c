/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out in the parts of the agent that need no engine: assignments are
 * taken whole or not at all, payloads stay sealed, files are complete or gone.
 */
#include "agent/payload.h"
#include "agent/worker.h"
#include "agent_fixture.h"
#include "fault_malloc.h"
#include "secretfs/secret_tree.h"

/* ---- assignments ---- */

struct taking {
    struct world *world;
    Swarm__AssignmentsMessage *assigned;
};

static void never_fails(int code, const struct err *e, void *user)
{
    fail();
}

static bool is_sealed(const struct worker *w)
{
    const Swarm__Secret *s = map_get(&w->secrets, SECRET_1);
    return s && !memmem(s->spec->data.data, s->spec->data.len, SECRET_TEXT,
                        strlen(SECRET_TEXT));
}

static int take_assignments(struct worker *w, const Swarm__AssignmentsMessage *assigned)
{
    struct err e;
    Swarm__AssignmentsMessage *m =
        (Swarm__AssignmentsMessage *)message_copy(&assigned->base);
    int r = m ? worker_assign(w, m, &e) : ERR_NO_MEMORY;
    assert_int_equal(w->is_assigned, r == 0);
    if (!r)
        assert_true(is_sealed(w) && w->tasks.len == 2 && w->configs.len == 1);
    return r;
}

static void on_closed(void *user)
{
    *(bool *)user = true;
}

static int run_worker(void *user)
{
    struct taking *t = user;
    struct world *world = t->world;
    struct worker w;
    struct reporter reporter;
    struct defer_queue deferred;
    struct err e;
    struct loop_close closing;
    bool is_closed = false;
    defer_queue_init(&deferred, &world->loop);
    reporter_init(&reporter, &deferred, never_fails, world);
    int r = worker_init(&w, &world->loop, fake_engine_base(world->engine), NODE_ID,
                        world->secrets, &reporter, &e);
    if (!r) {
        r = take_assignments(&w, t->assigned);
        worker_close(&w, on_closed, &is_closed);
        TURN_UNTIL(world, is_closed);
    }
    reporter_deinit(&reporter);
    loop_close_init(&closing, on_closed, &is_closed);
    is_closed = false;
    defer_queue_close(&deferred, &closing);
    loop_close_end(&closing);
    TURN_UNTIL(world, is_closed);
    return r;
}

static void assignments_are_taken_or_refused(void **state)
{
    struct world *w = *state;
    struct taking t = {w, message_begin()};
    t.assigned->type = SWARM__ASSIGNMENTS_MESSAGE__TYPE__COMPLETE;
    Swarm__Task *one = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    task_use_secret(one, SECRET_1, "pw");
    add_task(t.assigned, one);
    add_task(t.assigned, task_make(TASK_2, SWARM__TASK_STATE__RUNNING));
    add_secret(t.assigned, SECRET_1);
    add_config(t.assigned, CONFIG_1);
    world_stop_agent(w);
    assert_true(fault_malloc_each(run_worker, &t) > 20);
    message_free(&t.assigned->base);
}

/* ---- files ---- */

struct writing {
    struct secret_fs fs;
    struct keyring *keys;
    Swarm__Secret *secret;
};

static bool is_empty(const struct secret_fs *fs)
{
    int64_t bytes, files;
    assert_int_equal(secret_tree_count(fs->fd, &bytes, &files, NULL), 0);
    return files == 0;
}

static int write_files(void *user)
{
    struct writing *w = user;
    struct secret_files out;
    struct secret_file files[] = {
        {.target = "a/b", .uid = "0", .gid = "0", .mode = 0400},
        {.target = "/etc/key", .uid = "0", .gid = "0", .mode = 0400},
    };
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        files[i].data = w->secret->spec->data.data;
        files[i].n = w->secret->spec->data.len;
        files[i].open = payload_open_file;
        files[i].secret_id = w->secret->id;
        files[i].keys = w->keys;
    }
    int r =
        secret_files_write(&w->fs, TASK_1, files, ARRAY_SIZE(files), false, &out, NULL);
    assert_int_equal(is_empty(&w->fs), r != 0);
    if (!r)
        secret_files_deinit(&out);
    return r;
}

static Swarm__Secret *secret_make(const char *id)
{
    Swarm__Secret *s = message_new(&swarm__secret__descriptor);
    put(&s->id, id);
    s->spec = message_new(&swarm__secret_spec__descriptor);
    assert_int_equal(message_set_bytes(&s->spec->data, SECRET_TEXT, strlen(SECRET_TEXT)),
                     0);
    return s;
}

static void files_are_complete_or_gone(void **state)
{
    struct world *world = *state;
    struct writing w = {.secret = secret_make(SECRET_1)};
    char path[128];
    snprintf(path, sizeof(path), "%s/%s/secrets/a/b", world->secrets, TASK_1);
    assert_int_equal(keyring_new(&w.keys), 0);
    assert_int_equal(payload_seal(w.keys, w.secret, NULL), 0);
    assert_int_equal(secret_fs_open(&w.fs, world->secrets, NULL), 0);
    assert_true(fault_malloc_each(write_files, &w) >= 3);
    char text[64] = "";
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof(text), f));
    fclose(f);
    assert_string_equal(text, SECRET_TEXT);
    secret_fs_close(&w.fs);
    keyring_free(w.keys);
    message_free(&w.secret->base);
}

/* ---- payloads ---- */

static void a_payload_opens_for_its_own_secret_alone(void **state)
{
    cleanup_buf struct buf plain = BUF_INIT;
    cleanup_message Swarm__Secret *s = secret_make(SECRET_1);
    struct keyring *keys;
    assert_int_equal(keyring_new(&keys), 0);
    assert_int_equal(payload_seal(keys, s, NULL), 0);
    const ProtobufCBinaryData *d = &s->spec->data;
    assert_int_equal(payload_open(keys, CONFIG_1, d->data, d->len, &plain, NULL),
                     ERR_DATA_LOSS);
    assert_int_equal(plain.len, 0);
    assert_int_equal(payload_open(keys, SECRET_1, d->data, d->len, &plain, NULL), 0);
    assert_string_equal(buf_str(&plain), SECRET_TEXT);
    keyring_free(keys);
}

static void an_id_beyond_measure_is_refused(void **state)
{
    char id[PAYLOAD_ID_MAX + 2] = "";
    memset(id, 'a', sizeof(id) - 1);
    cleanup_message Swarm__Secret *s = secret_make(id);
    struct keyring *keys;
    assert_int_equal(keyring_new(&keys), 0);
    assert_int_equal(payload_seal(keys, s, NULL), ERR_INVALID_ARGUMENT);
    assert_int_equal(s->spec->data.len, strlen(SECRET_TEXT));
    keyring_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(assignments_are_taken_or_refused),
        WORLD_TEST(files_are_complete_or_gone),
        WORLD_TEST(a_payload_opens_for_its_own_secret_alone),
        WORLD_TEST(an_id_beyond_measure_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
