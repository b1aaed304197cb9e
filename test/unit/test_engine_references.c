/* SPDX-License-Identifier: Apache-2.0 */
/* References to secrets in the variables of tasks (docker_references.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/docker_references.h"
#include "fault_malloc.h"

struct fixture {
    struct docker_api api;
    Swarm__Task task;
    Swarm__TaskSpec spec;
    Swarm__ContainerSpec container;
    struct engine_container creation;
    struct record record;
    json_t *body;
    struct err e;
};

static char folder[] = "/x", plain[] = "A=1", empty[] = "B=", bare[] = "C",
            reference[] = "KEY=se://a", other[] = "KEY_2=se://b/*";

static int set_up(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof(f));
    swarm__task__init(&f.task);
    swarm__task_spec__init(&f.spec);
    swarm__container_spec__init(&f.container);
    f.task.spec = &f.spec;
    f.spec.container = &f.container;
    f.creation.task = &f.task;
    f.api.references = folder;
    f.body = json_pack("{s:{}}", "HostConfig");
    *state = &f;
    return f.body ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    json_decref(f->body);
    record_deinit(&f->record);
    return 0;
}

static int complete(struct fixture *f, enum offer offer, char **env, size_t n)
{
    f->api.offer = offer;
    f->container.env = env;
    f->container.n_env = n;
    record_deinit(&f->record);
    return docker_references_complete(&f->api, &f->creation, f->body, &f->record, &f->e);
}

static const char *runtime(struct fixture *f)
{
    return json_string_value(
        json_object_get(json_object_get(f->body, "HostConfig"), "Runtime"));
}

static void a_task_without_references_needs_nothing(void **state)
{
    struct fixture *f = *state;
    char *env[] = {plain, empty, bare};
    f->api.references = NULL;
    assert_int_equal(complete(f, OFFER_NONE, env, 3), 0);
    assert_int_equal(f->record.n_references, 0);
    assert_null(runtime(f));
}

static void the_record_has_each_reference_and_root(void **state)
{
    struct fixture *f = *state;
    char *env[] = {plain, reference, empty, other};
    assert_int_equal(complete(f, OFFER_USUAL, env, 4), 0);
    assert_int_equal(f->record.uid, 0);
    assert_int_equal(f->record.n_references, 2);
    assert_string_equal(f->record.references[1], other);
    assert_int_equal(f->record.n_keys, 0);
    assert_null(runtime(f));
}

static void the_record_has_what_the_task_was_given(void **state)
{
    struct fixture *f = *state;
    char *env[] = {reference};
    const struct engine_given given = {"se://a", "/x/a"};
    f->creation.n_given = 1;
    f->creation.given = &given;
    assert_int_equal(complete(f, OFFER_USUAL, env, 1), 0);
    assert_string_equal(record_given_path(&f->record, "se://a"), "/x/a");
}

static void dockerd_is_told_the_runtime(void **state)
{
    struct fixture *f = *state;
    char *env[] = {reference};
    assert_int_equal(complete(f, OFFER_NAMED, env, 1), 0);
    assert_string_equal(runtime(f), OFFER_NAME);
}

static void an_engine_without_the_runtime_gets_no_task(void **state)
{
    struct fixture *f = *state;
    char *env[] = {reference};
    assert_int_equal(complete(f, OFFER_NONE, env, 1), ERR_FAILED_PRECONDITION);
    assert_non_null(strstr(f->e.text, "need coffer-runtime"));
    f->api.references = NULL;
    assert_int_equal(complete(f, OFFER_USUAL, env, 1), ERR_UNIMPLEMENTED);
}

static int complete_two(void *user)
{
    char *env[] = {reference, other};
    return complete(user, OFFER_NAMED, env, 2);
}

static void it_is_told_when_memory_is_short(void **state)
{
    assert_true(fault_malloc_each(complete_two, *state) > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_task_without_references_needs_nothing),
        TEST(the_record_has_each_reference_and_root),
        TEST(the_record_has_what_the_task_was_given),
        TEST(dockerd_is_told_the_runtime),
        TEST(an_engine_without_the_runtime_gets_no_task),
        TEST(it_is_told_when_memory_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
