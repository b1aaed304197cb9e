/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out in the machine of a task: it tries again or fails for good, and
 * when it is gone nothing of it is left, neither container nor file nor memory.
 */
#include "agent/payload.h"
#include "agent/task.h"
#include "agent_fixture.h"
#include "fault_malloc.h"

struct life {
    struct world *world;
    struct secret_fs fs;
    struct keyring *keys;
    Swarm__Secret *secret;
    Swarm__Task *assigned;
    struct task_context context;
    struct task *task;
    const char *variable; /* what its first one becomes while it has its files made */
    bool is_gone, is_closed;
};

static const Swarm__Secret *give_secret(void *user, const char *id, const char *task)
{
    struct life *l = user;
    if (l->variable)
        put(&l->task->spec->spec->container->env[0], l->variable);
    return l->secret;
}

static const Swarm__Config *give_config(void *user, const char *id)
{
    return NULL;
}

static void on_status(void *user, struct task *t)
{
}

static void on_gone(void *user, struct task *t)
{
    ((struct life *)user)->is_gone = true;
}

static void on_closed(void *user)
{
    ((struct life *)user)->is_closed = true;
}

static void set_up_life(struct life *l, struct world *w)
{
    *l = (struct life){.world = w};
    assert_int_equal(keyring_new(&l->keys), 0);
    assert_int_equal(secret_fs_open(&l->fs, w->secrets, NULL), 0);
    l->secret = message_new(&swarm__secret__descriptor);
    put(&l->secret->id, SECRET_1);
    l->secret->spec = message_new(&swarm__secret_spec__descriptor);
    assert_int_equal(
        message_set_bytes(&l->secret->spec->data, SECRET_TEXT, strlen(SECRET_TEXT)), 0);
    assert_int_equal(payload_seal(l->keys, l->secret, NULL), 0);
    l->assigned = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    task_use_secret(l->assigned, SECRET_1, "pw");
    l->context = (struct task_context){
        .loop = &w->loop,
        .engine = fake_engine_base(w->engine),
        .fs = &l->fs,
        .keys = l->keys,
        .node_id = NODE_ID,
        .hostname = "host",
        .is_engine_up = true,
        .runs_health_checks = true,
        .secret = give_secret,
        .config = give_config,
        .on_status = on_status,
        .on_gone = on_gone,
        .user = l,
    };
}

static void tear_down_life(struct life *l)
{
    message_free(&l->secret->base);
    message_free(&l->assigned->base);
    secret_fs_close(&l->fs);
    keyring_free(l->keys);
}

static void end(struct life *l, struct task *t)
{
    struct loop_close closing;
    task_remove(t);
    TURN_UNTIL(l->world, l->is_gone);
    loop_close_init(&closing, on_closed, l);
    task_close(t, &closing);
    loop_close_end(&closing);
    TURN_UNTIL(l->world, l->is_closed);
}

/* From the assignment until it runs or has failed, and on until nothing is left. */
static void live(struct life *l)
{
    struct world *w = l->world;
    struct task *t;
    l->is_gone = l->is_closed = false;
    if (task_new(&l->context, l->assigned, &t, NULL))
        return;
    l->task = t;
    task_begin(t, TASK_FOUND_NOTHING, NULL);
    TURN_UNTIL(w, t->state >= SWARM__TASK_STATE__RUNNING);
    if (t->state == SWARM__TASK_STATE__RUNNING)
        assert_true(has_file(w, TASK_1 "/secrets/pw"));
    end(l, t);
}

static void a_task_without_memory_leaves_nothing(void **state)
{
    struct world *w = *state;
    struct life l;
    bool has_failed = true;
    size_t n = 0;
    world_stop_agent(w);
    set_up_life(&l, w);
    while (has_failed) {
        fault_malloc_at(++n);
        live(&l);
        has_failed = fault_malloc_has_failed();
        fault_malloc_at(0);
        assert_false(has_file(w, TASK_1));
        assert_int_equal(fake_engine_containers(w->engine), 0);
    }
    assert_true(n > 10);
    tear_down_life(&l);
}

/* Not even one that the engine was never asked for is tried for ever. */
static void a_container_that_cannot_be_asked_for_rejects_the_task(void **state)
{
    struct world *w = *state;
    struct life l;
    world_stop_agent(w);
    set_up_life(&l, w);
    task_use_variable(l.assigned, "KEY=plain");
    l.variable = "KEY=se://swarm/other";
    assert_int_equal(task_new(&l.context, l.assigned, &l.task, NULL), 0);
    task_begin(l.task, TASK_FOUND_NOTHING, NULL);
    TURN_UNTIL(w, l.task->state == SWARM__TASK_STATE__REJECTED);
    assert_non_null(strstr(l.task->error.text, "se://swarm/other"));
    assert_int_equal(fake_engine_count(w->engine, FAKE_CREATE), 0);
    assert_false(has_file(w, TASK_1));
    end(&l, l.task);
    assert_int_equal(fake_engine_count(w->engine, FAKE_REMOVE), 0);
    tear_down_life(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_task_without_memory_leaves_nothing),
        WORLD_TEST(a_container_that_cannot_be_asked_for_rejects_the_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
