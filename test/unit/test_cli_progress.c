/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cli/client.h"
#include "cli/progress.h"

/* A service that is looked at again and again, and what is shown of it. */
struct fixture {
    struct show show;
    struct progress progress;
    char *text;
    size_t size;
    int64_t now, again;
    enum progress_outcome outcome;
    struct err e;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->show.out = open_memstream(&f->text, &f->size);
    progress_init(&f->progress, &f->show);
    f->now = 1000 * CLOCK_SECOND;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    progress_deinit(&f->progress);
    fclose(f->show.out);
    free(f->text);
    free(f);
    return 0;
}

/* One look: replicas, the update's state ("" for none), and the tasks as JSON. */
static int look(struct fixture *f, int replicas, const char *update, const char *tasks)
{
    cleanup_json json_t *all = json_loads(tasks, 0, NULL);
    cleanup_json json_t *nodes = json_loads(
        "[{\"ID\": \"n1\", \"Status\": {\"State\": \"ready\"}}, {\"ID\": \"n2\", "
        "\"Status\": {\"State\": \"down\"}}]",
        0, NULL);
    cleanup_json json_t *service = json_pack(
        "{s:s, s:{s:{s:{s:i}}}, s:{s:s, s:s}}", "ID", "svc", "Spec", "Mode", "Replicated",
        "Replicas", replicas, "UpdateStatus", "State", update, "Message", "why");
    assert_non_null(all);
    return progress_update(&f->progress, service, all, nodes, f->now, &f->outcome,
                           &f->again, &f->e);
}

#define TASK(slot, desired, state)                                                       \
    "{\"Slot\": " #slot ", \"NodeID\": \"n1\", \"DesiredState\": \"" desired             \
    "\", \"Status\": {\"State\": \"" state "\"}}"

static void assert_shown(struct fixture *f, const char *expected)
{
    fflush(f->show.out);
    assert_string_equal(f->text, expected);
}

static void a_service_converges_and_must_stay_so(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(look(f, 1, "", "[]"), 0);
    assert_int_equal(f->outcome, PROGRESS_GOING);
    assert_true(f->again == CLOCK_NEVER);
    assert_int_equal(look(f, 1, "", "[" TASK(1, "running", "starting") "]"), 0);
    assert_int_equal(look(f, 1, "", "[" TASK(1, "running", "running") "]"), 0);
    assert_int_equal(f->again, f->now + CLOCK_SECOND);
    f->now += 5 * CLOCK_SECOND;
    assert_int_equal(look(f, 1, "", "[" TASK(1, "running", "running") "]"), 0);
    assert_int_equal(f->outcome, PROGRESS_DONE);
    assert_shown(f, "overall progress: 0 out of 1 tasks\n1/1:  \n"
                    "overall progress: 1 out of 1 tasks\n"
                    "verify: Waiting 5 seconds to verify that tasks are stable...\n"
                    "verify: Service svc converged\n");
}

static void a_task_that_fails_starts_the_wait_anew(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(look(f, 1, "", "[" TASK(1, "running", "running") "]"), 0);
    f->now += 4 * CLOCK_SECOND;
    assert_int_equal(
        look(f, 1, "",
             "[{\"Slot\": 1, \"DesiredState\": \"ready\", \"Status\": {\"State\":"
             " \"failed\", \"Err\": \"task: non-zero exit (1)\\nmore\"}}]"),
        0);
    assert_true(f->again == CLOCK_NEVER);
    f->now += 4 * CLOCK_SECOND;
    assert_int_equal(look(f, 1, "", "[" TASK(1, "running", "running") "]"), 0);
    assert_int_equal(f->outcome, PROGRESS_GOING);
    fflush(f->show.out);
    assert_non_null(strstr(f->text, "1/1: task: non-zero exit (1)\n"));
    assert_non_null(strstr(f->text, "verify: Detected task failure\n"));
}

static void the_newest_task_of_a_slot_counts(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        look(f, 2, "",
             "[" TASK(1, "shutdown", "running") "," TASK(
                 1, "running", "preparing") "," TASK(2, "running",
                                                     "running") "," TASK(3, "shutdown",
                                                                         "shutdown") "]"),
        0);
    assert_shown(f, "overall progress: 0 out of 2 tasks\n1/2:  \n2/2:  \n"
                    "overall progress: 1 out of 2 tasks\n");
}

static void tasks_on_nodes_that_are_down_do_not_count(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        look(f, 1, "",
             "[{\"Slot\": 1, \"NodeID\": \"n2\", \"DesiredState\": \"running\", "
             "\"Status\": {\"State\": \"running\"}}]"),
        0);
    assert_true(f->again == CLOCK_NEVER);
}

static void a_pause_is_a_failure(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(look(f, 1, "paused", "[]"), ERR_ABORTED);
    assert_string_equal(f->e.text, "service update paused: why");
    assert_int_equal(look(f, 1, "rollback_paused", "[]"), ERR_ABORTED);
    assert_string_equal(f->e.text, "service rollback paused: why");
}

static void a_rollback_is_told(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(look(f, 1, "rollback_started", "[]"), 0);
    assert_int_equal(
        look(f, 1, "rollback_completed", "[" TASK(1, "running", "running") "]"), 0);
    f->now += 5 * CLOCK_SECOND;
    assert_int_equal(
        look(f, 1, "rollback_completed", "[" TASK(1, "running", "running") "]"), 0);
    assert_int_equal(f->outcome, PROGRESS_DONE);
    assert_shown(
        f, "rollback: why\noverall progress: rolling back update: 0 out of 1 tasks\n"
           "1/1:  \noverall progress: rolling back update: 1 out of 1 tasks\n"
           "verify: Waiting 5 seconds to verify that tasks are stable...\n"
           "verify: Service svc converged\n");
}

static void nothing_is_wanted_of_a_service_without_replicas(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(look(f, 0, "", "[]"), 0);
    assert_int_equal(f->again, f->now + CLOCK_SECOND);
}

static void more_replicas_than_lines_show_only_the_whole(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(look(f, 21, "", "[" TASK(1, "running", "running") "]"), 0);
    assert_shown(f, "overall progress: 0 out of 21 tasks\n"
                    "overall progress: 1 out of 21 tasks\n");
}

static void other_modes_are_not_waited_for(void **state)
{
    struct fixture *f = *state;
    cleanup_json json_t *service =
        json_loads("{\"Spec\": {\"Mode\": {\"Global\": {}}}}", 0, NULL);
    assert_int_equal(progress_update(&f->progress, service, NULL, NULL, f->now,
                                     &f->outcome, &f->again, &f->e),
                     ERR_UNIMPLEMENTED);
}

#define PROGRESS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRESS_TEST(a_service_converges_and_must_stay_so),
        PROGRESS_TEST(a_task_that_fails_starts_the_wait_anew),
        PROGRESS_TEST(the_newest_task_of_a_slot_counts),
        PROGRESS_TEST(tasks_on_nodes_that_are_down_do_not_count),
        PROGRESS_TEST(a_pause_is_a_failure),
        PROGRESS_TEST(a_rollback_is_told),
        PROGRESS_TEST(nothing_is_wanted_of_a_service_without_replicas),
        PROGRESS_TEST(more_replicas_than_lines_show_only_the_whole),
        PROGRESS_TEST(other_modes_are_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
