/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_server.h"

#include <signal.h>

#include "cli/service_wait.h"

/* Two looks see the service on its way, then it is there. */

static const char service[] = "{\"ID\": \"s\", \"Spec\": {\"Mode\": {\"Replicated\": "
                              "{\"Replicas\": 1}}, \"UpdateConfig\": {\"Monitor\": 1}}}";

#define TASK(state)                                                                      \
    "[{\"Slot\": 1, \"DesiredState\": \"running\", \"Status\": {\"State\": \"" state     \
    "\"}}]"
#define EVENTS(server)                                                                   \
    "HTTP/1.1 200 OK\r\nServer: " server "\r\nTransfer-Encoding: chunked\r\n\r\n"

static void a_server_without_events_of_tasks_is_looked_at_again(void **state)
{
    static const struct answer rows[] = {
        {"GET /v1.41/events", .raw = EVENTS("Docker/28.2.2 (linux)")},
        {"GET /v1.41/services/s", .body = service},
        {"GET /v1.41/tasks", .body = TASK("assigned")},
        {"GET /v1.41/tasks", .body = TASK("starting")},
        {"GET /v1.41/tasks", .body = TASK("running")},
        {"GET /v1.41/nodes", .body = "[]"},
        {0},
    };
    struct fixture *f = *state;
    use(f, rows);
    catch_output(f);
    int r = service_wait(&f->cli, "s", &f->e);
    end_catch(f);
    assert_int_equal(r, 0);
    assert_non_null(strstr(f->out, "verify: Service s converged\n"));
}

static void an_event_of_cofferd_is_what_wakes(void **state)
{
    static const struct answer rows[] = {
        {"GET /v1.41/events", .raw = EVENTS("Coffer/1.0 (linux)") "3\r\n{}\n\r\n"},
        {"GET /v1.41/services/s", .body = service},
        {"GET /v1.41/tasks", .body = TASK("starting")},
        {"GET /v1.41/tasks", .body = TASK("running")},
        {"GET /v1.41/nodes", .body = "[]"},
        {0},
    };
    struct fixture *f = *state;
    use(f, rows);
    catch_output(f);
    int r = service_wait(&f->cli, "s", &f->e);
    end_catch(f);
    assert_int_equal(r, 0);
    assert_non_null(strstr(f->out, "verify: Service s converged\n"));
}

static void a_daemon_that_goes_away_ends_the_wait(void **state)
{
    static const struct answer rows[] = {
        {"GET /v1.41/events", .raw = EVENTS("Coffer/1.0") "0\r\n\r\n", .closes = true},
        {"GET /v1.41/services/s", .body = service},
        {"GET /v1.41/tasks", .body = "[]"},
        {"GET /v1.41/nodes", .body = "[]"},
        {0},
    };
    struct fixture *f = *state;
    use(f, rows);
    catch_output(f);
    int r = service_wait(&f->cli, "s", &f->e);
    end_catch(f);
    assert_int_equal(r, ERR_UNAVAILABLE);
    assert_non_null(strstr(f->e.text, "goes on in the background"));
}

static void an_interrupt_ends_the_wait_and_not_the_service(void **state)
{
    static const struct answer rows[] = {
        {"GET /v1.41/events", .raw = EVENTS("Coffer/1.0")},
        {"GET /v1.41/services/s", .body = service},
        {"GET /v1.41/tasks", .body = "[]"},
        {"GET /v1.41/nodes", .body = "[]"},
        {0},
    };
    struct fixture *f = *state;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    use(f, rows);
    assert_int_equal(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    raise(SIGINT);
    catch_output(f);
    int r = service_wait(&f->cli, "s", &f->e);
    end_catch(f);
    assert_int_equal(r, 0);
    assert_non_null(strstr(f->out, "Use `coffer service ps s` to check progress.\n"));
}

static void a_service_that_was_removed_ends_the_wait(void **state)
{
    static const struct answer rows[] = {
        {"GET /v1.41/events", .raw = EVENTS("Docker/20.10.24 (linux)")},
        {"GET /v1.41/services/s",
         .raw = "HTTP/1.1 404 Not Found\r\nContent-Length: 33\r\n\r\n"
                "{\"message\":\"service s not found\"}"},
        {0},
    };
    struct fixture *f = *state;
    use(f, rows);
    assert_int_equal(service_wait(&f->cli, "s", &f->e), ERR_NOT_FOUND);
    assert_string_equal(f->e.text, "Error response from daemon: service s not found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLI_TEST(a_server_without_events_of_tasks_is_looked_at_again),
        CLI_TEST(an_event_of_cofferd_is_what_wakes),
        CLI_TEST(a_daemon_that_goes_away_ends_the_wait),
        CLI_TEST(an_interrupt_ends_the_wait_and_not_the_service),
        CLI_TEST(a_service_that_was_removed_ends_the_wait),
    };
    return cmocka_run_group_tests(tests, set_up_libraries, NULL);
}
