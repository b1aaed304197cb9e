/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "objects/objects.h"

/* A service and a task of it, equal specs; tests change one of them. */
struct fixture {
    Swarm__Service *service;
    Swarm__Task *task;
};

static Swarm__TaskSpec *new_spec(void)
{
    Swarm__TaskSpec *spec = message_new(&swarm__task_spec__descriptor);
    spec->container = message_new(&swarm__container_spec__descriptor);
    spec->runtime_case = SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    assert_int_equal(message_set_string(&spec->container->image, "redis"), 0);
    return spec;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->service = message_new(&swarm__service__descriptor);
    f->service->spec = message_new(&swarm__service_spec__descriptor);
    f->service->spec->task = new_spec();
    f->service->spec_version = message_new(&swarm__version__descriptor);
    f->service->spec_version->index = 2;
    f->task = message_new(&swarm__task__descriptor);
    f->task->spec = new_spec();
    f->task->spec_version = message_new(&swarm__version__descriptor);
    f->task->spec_version->index = 1;
    f->task->status = message_new(&swarm__task_status__descriptor);
    f->task->status->state = SWARM__TASK_STATE__RUNNING;
    f->task->desired_state = SWARM__TASK_STATE__RUNNING;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    message_free(&f->service->base);
    message_free(&f->task->base);
    free(f);
    return 0;
}

static void an_equal_spec_is_current(void **state)
{
    struct fixture *f = *state;
    assert_true(task_is_current(f->task, f->service));
}

static void another_spec_is_not_current(void **state)
{
    struct fixture *f = *state;
    f->service->spec->task->force_update = 1;
    assert_false(task_is_current(f->task, f->service));
    assert_false(task_is_current_but_placement(f->task, f->service));
}

static void an_equal_spec_version_is_enough(void **state)
{
    struct fixture *f = *state;
    f->service->spec->task->force_update = 1;
    f->task->spec_version->index = 2;
    assert_true(task_is_current(f->task, f->service));
}

static void other_credentials_do_not_matter_once_the_image_is_there(void **state)
{
    struct fixture *f = *state;
    Swarm__ContainerSpec *wanted = f->service->spec->task->container;
    wanted->pull_options = message_new(&swarm__container_spec__pull_options__descriptor);
    assert_true(task_is_current(f->task, f->service));
    f->task->status->state = SWARM__TASK_STATE__PREPARING;
    assert_false(task_is_current(f->task, f->service));
    f->task->status->state = SWARM__TASK_STATE__FAILED;
    assert_false(task_is_current(f->task, f->service));
}

static void placement_can_be_left_out(void **state)
{
    struct fixture *f = *state;
    f->service->spec->task->placement = message_new(&swarm__placement__descriptor);
    assert_false(task_is_current(f->task, f->service));
    assert_true(task_is_current_but_placement(f->task, f->service));
}

static void an_endpoint_counts_when_the_task_has_one(void **state)
{
    struct fixture *f = *state;
    f->service->spec->endpoint = message_new(&swarm__endpoint_spec__descriptor);
    assert_true(task_is_current(f->task, f->service));
    f->task->endpoint = message_new(&swarm__endpoint__descriptor);
    assert_false(task_is_current(f->task, f->service));
    f->task->endpoint->spec = message_new(&swarm__endpoint_spec__descriptor);
    assert_true(task_is_current(f->task, f->service));
}

static void a_task_without_a_spec_is_not_current(void **state)
{
    struct fixture *f = *state;
    message_free(&f->task->spec->base);
    f->task->spec = NULL;
    assert_false(task_is_current(f->task, f->service));
}

static void a_task_is_runnable_until_it_is_over_or_to_be_shut_down(void **state)
{
    struct fixture *f = *state;
    assert_true(task_is_runnable(f->task));
    f->task->desired_state = SWARM__TASK_STATE__COMPLETE;
    assert_true(task_is_runnable(f->task));
    f->task->desired_state = SWARM__TASK_STATE__SHUTDOWN;
    assert_false(task_is_runnable(f->task));
    f->task->desired_state = SWARM__TASK_STATE__RUNNING;
    f->task->status->state = SWARM__TASK_STATE__COMPLETE;
    assert_false(task_is_runnable(f->task));
}

static void expect_name(const Swarm__Task *task, const char *expected)
{
    char *name = task_container_name(task);
    assert_string_equal(name, expected);
    free(name);
}

static void a_container_is_named_after_service_slot_and_task(void **state)
{
    struct fixture *f = *state;
    Swarm__Task *t = f->task;
    t->slot = 2;
    assert_int_equal(message_set_string(&t->id, "tid"), 0);
    assert_int_equal(message_set_string(&t->node_id, "nid"), 0);
    expect_name(t, ".2.tid");
    t->service_annotations = message_new(&swarm__annotations__descriptor);
    assert_int_equal(message_set_string(&t->service_annotations->name, "web"), 0);
    expect_name(t, "web.2.tid");
    t->slot = 0;
    expect_name(t, "web.nid.tid");
    t->annotations = message_new(&swarm__annotations__descriptor);
    expect_name(t, "web.nid.tid");
    assert_int_equal(message_set_string(&t->annotations->name, "own"), 0);
    expect_name(t, "own");
}

static void states_have_names(void **state)
{
    const ProtobufCEnumDescriptor *type = &swarm__task_state__descriptor;
    for (unsigned i = 0; i < type->n_values; i++) {
        Swarm__TaskState task_state = (Swarm__TaskState)type->values[i].value;
        const char *name = task_state_name(task_state);
        assert_int_equal(task_state_from_name(name), task_state);
    }
    assert_string_equal(task_state_name(SWARM__TASK_STATE__RUNNING), "running");
    assert_string_equal(task_state_name((Swarm__TaskState)5), "unknown");
    assert_int_equal(task_state_from_name("allocated"), -1);
    assert_int_equal(task_state_from_name(NULL), -1);
}

#define WITH_TASK(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TASK(an_equal_spec_is_current),
        WITH_TASK(another_spec_is_not_current),
        WITH_TASK(an_equal_spec_version_is_enough),
        WITH_TASK(other_credentials_do_not_matter_once_the_image_is_there),
        WITH_TASK(placement_can_be_left_out),
        WITH_TASK(an_endpoint_counts_when_the_task_has_one),
        WITH_TASK(a_task_without_a_spec_is_not_current),
        WITH_TASK(a_task_is_runnable_until_it_is_over_or_to_be_shut_down),
        WITH_TASK(a_container_is_named_after_service_slot_and_task),
        cmocka_unit_test(states_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
