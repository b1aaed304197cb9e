/* SPDX-License-Identifier: Apache-2.0 */
/* A container's record is written while the loop goes on (docker_record.c). */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "engine/docker_record.h"
#include "engine_fixture.h"

/* ---- a disk that takes its time ---- */

static struct {
    pthread_t loop;
    atomic_bool is_held, was_on_loop;
    atomic_uint n;
    sem_t go;
} disk;

/* In the place of the C library's. */
int fsync(int fd)
{
    disk.n++;
    if (pthread_equal(pthread_self(), disk.loop))
        disk.was_on_loop = true;
    else if (disk.is_held)
        sem_wait(&disk.go);
    return (int)syscall(SYS_fsync, fd);
}

static void hold_disk(void)
{
    disk.is_held = true;
}

static void let_disk_go(void)
{
    disk.is_held = false;
    assert_int_equal(sem_post(&disk.go), 0);
}

/* ---- a container with a reference ---- */

static struct docker_api *api_of(struct fixture *f)
{
    return CONTAINER_OF(f->engine, struct docker_api, base);
}

static struct engine_call *create(struct fixture *f)
{
    static char image[] = "busybox:latest", variable[] = "KEY=se://a";
    char *env[] = {variable};
    Swarm__Task task = SWARM__TASK__INIT;
    Swarm__TaskSpec spec = SWARM__TASK_SPEC__INIT;
    Swarm__ContainerSpec container = SWARM__CONTAINER_SPEC__INIT;
    container.image = image;
    container.env = env;
    container.n_env = 1;
    spec.runtime_case = SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    spec.container = &container;
    task.spec = &spec;
    const struct engine_container c = {.name = "web.1.t", .task = &task, .node_id = "n"};
    will_reply(f, "POST /v1.41/containers/create?name=web.1.t", 201, "{\"Id\":\"c1\"}");
    return f->engine->ops->create(f->engine, &c, created, f);
}

static bool is_writing(struct fixture *f)
{
    struct list *calls = &api_of(f)->calls;
    return !list_is_empty(calls) && LIST_FIRST(calls, struct docker_call, link)->writing;
}

static int set_up(void **state)
{
    struct err e;
    int r = setup(state);
    struct fixture *f = *state;
    memset(&disk, 0, sizeof(disk));
    disk.loop = pthread_self();
    assert_int_equal(sem_init(&disk.go, 0, 0), 0);
    api_of(f)->offer = OFFER_USUAL;
    assert_int_equal(engine_docker_api_set_references(f->engine, f->folder, &e), 0);
    return r;
}

static void remove_record(struct fixture *f)
{
    struct err e;
    cleanup_record struct record r = {0};
    assert_int_equal(record_read(f->folder, "c1", &r, &e), 0);
    assert_int_equal(r.n_references, 1);
    assert_int_equal(record_remove(f->folder, "c1", &e), 0);
}

/* ---- tests ---- */

static void the_loop_waits_for_no_disk(void **state)
{
    struct fixture *f = *state;
    hold_disk();
    create(f);
    TURN_UNTIL(f, is_writing(f));
    will_reply(f, "GET /v1.41/info", 200, "{\"Name\":\"vm\",\"OSType\":\"linux\"}");
    f->engine->ops->info(f->engine, told, f);
    WAIT_CALL(f);
    assert_string_equal(f->id, "podman vm 1");
    let_disk_go();
    WAIT_CALL(f);
    assert_int_equal(f->code, 0);
    assert_string_equal(f->id, "c1");
    assert_true(disk.n > 0);
    assert_false(disk.was_on_loop);
    remove_record(f);
}

static void a_record_that_cannot_be_written_fails_the_creation(void **state)
{
    struct fixture *f = *state;
    struct err e;
    assert_int_equal(engine_docker_api_set_references(f->engine, "/nosuch/x", &e), 0);
    create(f);
    WAIT_CALL(f);
    assert_int_not_equal(f->code, 0);
    assert_non_null(strstr(f->text, "/nosuch/x"));
}

static void a_creation_can_be_canceled_while_its_record_is_written(void **state)
{
    struct fixture *f = *state;
    hold_disk();
    struct engine_call *c = create(f);
    TURN_UNTIL(f, is_writing(f));
    engine_cancel(c);
    WAIT_CALL(f);
    assert_int_equal(f->code, ERR_CANCELED);
    let_disk_go();
    f->engine->ops->close(f->engine, closed, f);
    f->engine = NULL;
    TURN_UNTIL(f, f->closes == 1);
    assert_int_equal(f->calls, 1);
    remove_record(f);
}

static void the_end_waits_for_the_record(void **state)
{
    struct fixture *f = *state;
    hold_disk();
    create(f);
    TURN_UNTIL(f, is_writing(f));
    f->engine->ops->close(f->engine, closed, f);
    f->engine = NULL;
    WAIT_CALL(f);
    assert_int_equal(f->code, ERR_CANCELED);
    assert_int_equal(f->closes, 0);
    let_disk_go();
    TURN_UNTIL(f, f->closes == 1);
    remove_record(f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_loop_waits_for_no_disk),
        TEST(a_record_that_cannot_be_written_fails_the_creation),
        TEST(a_creation_can_be_canceled_while_its_record_is_written),
        TEST(the_end_waits_for_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
