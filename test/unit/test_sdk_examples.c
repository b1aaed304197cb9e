/* SPDX-License-Identifier: Apache-2.0 */
/* The examples, run against an engine that is the test. It is given their paths. */
#include "sdk_engine.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "wire_capture.h"

static char **programs;

static int wait_for(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void the_client_shows_what_it_found(void **state)
{
    struct scripted s;
    struct buf answer = BUF_INIT;
    char text[256] = "";
    int fds[2];
    capture_read("cap.3.s2c", &answer);
    struct script script = {.answer = answer.data, .size = answer.len};
    scripted_start(&s, &script);
    setenv("COFFER_ENGINE_SOCKET", s.path, 1);
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(fds[1], STDOUT_FILENO);
        execl(programs[0], programs[0], "myrealm/**", (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
    assert_true(str_starts_with(text, "myrealm/foo: "));
    close(fds[0]);
    assert_int_equal(wait_for(child), 0);
    scripted_stop(&s);
    buf_deinit(&answer);
}

/* As an engine starts one: its end of the connection is descriptor 3. */
static pid_t start_plugin(struct engine *g)
{
    int fds[2];
    fixture_environment("/nonexistent");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    *g = (struct engine){.fd = fds[0], .y = yamux_new(YAMUX_SERVER, 0)};
    engine_launch_on(3, "hello", INT64_C(20000000000));
    pid_t child = fork();
    if (child == 0) {
        if (fds[1] == 3)
            fcntl(3, F_SETFD, 0);
        else
            dup2(fds[1], 3);
        execl(programs[1], programs[1], (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    return child;
}

static void the_plugin_answers(void **state)
{
    struct engine g;
    Resolver__V1__GetSecretsResponse *m;
    pid_t child = start_plugin(&g);
    engine_accept(&g);
    assert_int_equal(engine_get(&g, "hello/*", &m, NULL), 0);
    assert_int_equal(m->n_envelopes, 1);
    assert_string_equal(m->envelopes[0]->id, "hello/world");
    assert_memory_equal(m->envelopes[0]->value.data, "hello", 5);
    message_free(&m->base);
    assert_int_equal(engine_get(&g, "hello/moon", &m, NULL), ERR_NOT_FOUND);
    engine_shut_down(&g);
    engine_end(&g);
    assert_int_equal(wait_for(child), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_client_shows_what_it_found),
        cmocka_unit_test(the_plugin_answers),
    };
    if (argc < 3)
        return 77;
    programs = argv + 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
