/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk_fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "sdk/launch.h"
#include "sdk/sdk.h"
#include "sdk/socket.h"

static const struct sdk_socket *at(const struct sdk_sockets *all, size_t i)
{
    assert_true(i < all->n);
    return &all->items[i];
}

static void assert_socket(const struct sdk_sockets *all, size_t i, const char *text)
{
    char shown[SDK_SOCKET_TEXT_SIZE];
    assert_string_equal(sdk_socket_text(at(all, i), shown), text);
}

/* ---- addresses ---- */

static void an_abstract_name_has_no_nul_behind_it(void **state)
{
    struct sdk_socket s;
    assert_int_equal(sdk_socket_parse("@ab", &s, NULL), 0);
    assert_int_equal(s.size, offsetof(struct sockaddr_un, sun_path) + 3);
    assert_memory_equal(s.address.sun_path, "\0ab", 3);
}

static void an_address_that_is_too_long_is_refused(void **state)
{
    char text[200];
    struct sdk_socket s;
    memset(text, 'a', sizeof(text));
    text[107] = '\0';
    assert_int_equal(sdk_socket_parse(text, &s, NULL), 0);
    text[107] = 'a';
    text[108] = '\0';
    assert_int_equal(sdk_socket_parse(text, &s, NULL), ERR_INVALID_ARGUMENT);
    assert_int_equal(sdk_socket_parse("", &s, NULL), ERR_INVALID_ARGUMENT);
}

/* ---- the search ---- */

static void the_sockets_of_a_user_are_tried_in_order(void **state)
{
    struct sdk_sockets all;
    char folder[] = "/tmp/sdk-test-XXXXXX", first[64], last[64], abstract[64];
    size_t root = geteuid() == 0;
    assert_non_null(mkdtemp(folder)); /* one that isn't there, or another's, isn't used */
    fixture_environment(folder);
    snprintf(first, sizeof(first), "%s/coffer/engine.sock", folder);
    snprintf(last, sizeof(last), "%s/docker-secrets-engine/engine.sock", folder);
    assert_int_equal(sdk_sockets_find(NULL, geteuid(), &all, NULL), 0);
    snprintf(abstract, sizeof(abstract), "@docker-secrets-engine/%u/daemon.sock",
             (unsigned)geteuid());
    assert_int_equal(all.n, 3 + root);
    assert_socket(&all, 0, first);
    if (root)
        assert_socket(&all, 1, "/run/coffer-engine/engine.sock");
    assert_socket(&all, 1 + root, abstract);
    assert_socket(&all, 2 + root, last);
    rmdir(folder);
}

static void a_named_socket_is_the_only_one(void **state)
{
    struct sdk_sockets all;
    fixture_environment("/tmp/folder");
    setenv("COFFER_HOME", "/tmp/home", 1);
    assert_int_equal(sdk_sockets_find(NULL, geteuid(), &all, NULL), 0);
    assert_int_equal(all.n, 1);
    assert_socket(&all, 0, "/tmp/home/engine.sock");
    setenv("COFFER_ENGINE_SOCKET", "@mine", 1);
    assert_int_equal(sdk_sockets_find(NULL, geteuid(), &all, NULL), 0);
    assert_int_equal(all.n, 1);
    assert_socket(&all, 0, "@mine");
    assert_int_equal(sdk_sockets_find("/tmp/other", geteuid(), &all, NULL), 0);
    assert_int_equal(all.n, 1);
    assert_socket(&all, 0, "/tmp/other");
}

static void for_another_user_the_environment_does_not_count(void **state)
{
    struct sdk_sockets all;
    fixture_environment("/tmp/folder");
    setenv("COFFER_ENGINE_SOCKET", "@mine", 1);
    assert_int_equal(sdk_sockets_find(NULL, 12345, &all, NULL), 0);
    assert_int_equal(all.n, 2);
    assert_socket(&all, 0, "/run/user/12345/coffer/engine.sock");
    assert_socket(&all, 1, "@docker-secrets-engine/12345/daemon.sock");
}

/* ---- connecting ---- */

static void without_an_engine_the_words_name_the_sockets(void **state)
{
    struct coffer_secrets *found;
    struct coffer_error e;
    fixture_environment("/nonexistent");
    setenv("COFFER_HOME", "/nonexistent", 1); /* an engine may run here */
    struct coffer_client *client = fixture_client(NULL, 1000);
    assert_int_equal(coffer_client_get(client, "a", &found, &e), COFFER_UNAVAILABLE);
    assert_non_null(strstr(e.text, "secrets engine is not available"));
    assert_non_null(strstr(e.text, "/nonexistent/engine.sock"));
    coffer_client_free(client);
    client = fixture_client("/nonexistent/x", 1000);
    assert_int_equal(coffer_client_get(client, "a", &found, &e), COFFER_UNAVAILABLE);
    assert_string_equal(e.text, "secrets engine is not available: /nonexistent/x: "
                                "connect: No such file or directory");
    coffer_client_free(client);
}

/* The server's process is this one: as root it may stand for another user's. */
static void a_server_of_somebody_else_is_not_talked_to(void **state)
{
    struct scripted s;
    struct script script = {.answer = "", .size = 0};
    struct coffer_client_options o = {
        .size = sizeof(o), .socket = s.path, .has_server_uid = true, .server_uid = 12345};
    struct coffer_client *client;
    struct coffer_secrets *found;
    struct coffer_error e;
    if (geteuid() != 0)
        skip();
    assert_int_equal(seteuid(54321), 0);
    scripted_start(&s, &script);
    assert_int_equal(coffer_client_new(&o, &client, &e), 0);
    assert_int_equal(coffer_client_get(client, "a", &found, &e), COFFER_DENIED);
    assert_non_null(strstr(e.text, "the server is user 54321's, not user 12345's"));
    coffer_client_free(client);
    o.any_server = true;
    assert_int_equal(coffer_client_new(&o, &client, &e), 0);
    assert_int_equal(coffer_client_get(client, "a", &found, &e), COFFER_UNAVAILABLE);
    coffer_client_free(client);
    scripted_stop(&s);
    assert_int_equal(seteuid(0), 0);
    assert_string_equal(s.request + s.request_size, "");
}

/* ---- an abstract name that somebody else has taken ---- */

#define TAKER 54321

static int take_name_as(const char *text, uid_t uid)
{
    struct sdk_socket s;
    assert_int_equal(sdk_socket_parse(text, &s, NULL), 0);
    assert_int_equal(seteuid(uid), 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&s.address, s.size), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(seteuid(0), 0);
    return fd;
}

/* As many connections as its queue takes. */
static size_t fill_queue(const char *text, int fds[8])
{
    struct sdk_socket s;
    size_t n = 0;
    assert_int_equal(sdk_socket_parse(text, &s, NULL), 0);
    for (; n < 8; n++) {
        fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect(fds[n], (struct sockaddr *)&s.address, s.size))
            break;
    }
    assert_true(n < 8);
    return n + 1;
}

static void assert_nobody_there(const char *words)
{
    const struct sdk_owner owner = {.uid = 12345};
    struct sdk_sockets all;
    struct err e;
    int fd;
    assert_int_equal(sdk_sockets_find(NULL, owner.uid, &all, NULL), 0);
    assert_int_equal(sdk_sockets_connect(&all, &owner, 0, &fd, &e), ERR_UNAVAILABLE);
    assert_non_null(strstr(e.text, words));
}

static void who_takes_an_abstract_name_keeps_nobody_from_an_engine(void **state)
{
    static const char name[] = "@docker-secrets-engine/12345/daemon.sock";
    int fds[8];
    if (geteuid() != 0)
        skip();
    int fd = take_name_as(name, TAKER);
    assert_nobody_there("; @docker-secrets-engine/12345/daemon.sock: the server is user "
                        "54321's, not user 12345's");
    size_t n = fill_queue(name, fds);
    assert_nobody_there("it doesn't listen on /run/user/12345/coffer/engine.sock, @");
    while (n)
        close(fds[--n]);
    close(fd);
}

static void several_engines_that_take_no_calls_are_waited_for_once(void **state)
{
    const struct sdk_owner owner = {.uid = geteuid()};
    struct sdk_sockets all = {.n = SDK_SOCKETS_MAX};
    char folder[] = "/tmp/coffer-sdk-XXXXXX", path[64];
    int fds[8], fd;
    struct err e;
    if (geteuid() != 0)
        skip();
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/engine.sock", folder);
    for (size_t i = 0; i < all.n; i++)
        assert_int_equal(sdk_socket_parse(path, &all.items[i], NULL), 0);
    int server = take_name_as(path, geteuid());
    size_t n = fill_queue(path, fds);
    int64_t start = sdk_now();
    assert_int_equal(sdk_sockets_connect(&all, &owner, 300, &fd, &e),
                     ERR_DEADLINE_EXCEEDED);
    assert_true(sdk_now() - start < 3 * 300 * CLOCK_MILLISECOND);
    while (n)
        close(fds[--n]);
    close(server);
    unlink(path);
    rmdir(folder);
}

/* It may be that of a container that has the host's network. */
static void root_behind_an_abstract_name_is_not_the_users_engine(void **state)
{
    if (geteuid() != 0)
        skip();
    int fd = take_name_as("@docker-secrets-engine/12345/daemon.sock", 0);
    assert_nobody_there("; @docker-secrets-engine/12345/daemon.sock: the server is user "
                        "0's, not user 12345's");
    close(fd);
}

/* A listener of the engine's own user, but in a container that has the host's network. It
 * ends when *hold is closed. */
static void start_container(const char *name, uid_t uid, int *hold)
{
    int ready[2], end[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(end), 0);
    pid_t outer = fork();
    if (outer == 0) {
        close(end[1]);
        if (unshare(CLONE_NEWPID) || fork())
            _exit(0);
        take_name_as(name, uid);
        _exit(write(ready[1], "r", 1) != 1 || read(end[0], &byte, 1));
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(waitpid(outer, NULL, 0), outer);
    close(ready[0]);
    close(end[0]);
    *hold = end[1];
}

static void a_container_is_no_engine_whatever_its_user(void **state)
{
    int hold;
    if (geteuid() != 0)
        skip();
    start_container("@docker-secrets-engine/12345/daemon.sock", 12345, &hold);
    assert_nobody_there("; @docker-secrets-engine/12345/daemon.sock: the server is a "
                        "container's");
    close(hold);
}

/* A user may lead his socket's path to one of root's, whose secrets aren't his. */
static void roots_server_is_no_other_users(void **state)
{
    struct scripted s;
    struct script script = {.answer = "", .size = 0};
    struct sdk_owner owner = {.uid = 12345};
    struct sdk_socket at;
    struct err e;
    char way[64];
    int fd;
    if (geteuid() != 0)
        skip();
    scripted_start(&s, &script);
    snprintf(way, sizeof(way), "/tmp/coffer-way-%d", (int)getpid());
    assert_int_equal(symlink(s.path, way), 0);
    assert_int_equal(sdk_socket_parse(way, &at, NULL), 0);
    assert_int_equal(sdk_socket_connect(&at, &owner, 0, &fd, &e), ERR_PERMISSION_DENIED);
    assert_non_null(strstr(e.text, "the server is user 0's, not user 12345's"));
    owner.uid = 0;
    assert_int_equal(sdk_socket_connect(&at, &owner, 0, &fd, &e), 0);
    close(fd);
    unlink(way);
    scripted_stop(&s);
}

static void options_of_a_newer_library_are_refused(void **state)
{
    struct {
        struct coffer_client_options o;
        int newer;
    } given = {.o = {.size = sizeof(given)}};
    struct coffer_client *client;
    struct coffer_error e;
    assert_int_equal(coffer_client_new(&given.o, &client, &e), COFFER_OK);
    coffer_client_free(client);
    given.newer = 1;
    assert_int_equal(coffer_client_new(&given.o, &client, &e), COFFER_INVALID);
    given.o.size = 0;
    assert_int_equal(coffer_client_new(&given.o, &client, &e), COFFER_INVALID);
    given.o = (struct coffer_client_options){.size = sizeof(given.o), .timeout_ms = -1};
    assert_int_equal(coffer_client_new(&given.o, &client, &e), COFFER_INVALID);
}

/* ---- the launch variable ---- */

static int launch(const char *text, struct sdk_launch *out, struct err *e)
{
    setenv(SDK_LAUNCH_VARIABLE, text, 1);
    int r = sdk_launch_take(out, e);
    assert_null(getenv(SDK_LAUNCH_VARIABLE));
    return r;
}

static void a_launched_plugin_is_told_name_time_and_descriptor(void **state)
{
    struct sdk_launch l;
    char text[128];
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    snprintf(text, sizeof(text), "{\"name\":\"x\",\"timeout\":5000000000,\"fd\":%d}",
             fds[1]);
    assert_int_equal(launch(text, &l, NULL), 0);
    assert_string_equal(l.name, "x");
    assert_int_equal(l.timeout, 5000000000);
    assert_int_equal(l.fd, fds[1]);
    assert_true(fcntl(l.fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(l.fd, F_GETFL) & O_NONBLOCK);
    sdk_launch_deinit(&l);
    close(fds[0]);
}

static void a_bad_launch_variable_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "null",
        "{}",
        "{\"name\":\"\",\"timeout\":1,\"fd\":1000}",
        "{\"name\":\"x\",\"timeout\":0,\"fd\":1000}",
        "{\"name\":\"x\",\"timeout\":-1,\"fd\":1000}",
        "{\"name\":\"x\",\"timeout\":1,\"fd\":2}",
        "{\"name\":\"x\",\"timeout\":1,\"fd\":-3}",
        "{\"name\":\"x\",\"timeout\":1,\"fd\":\"3\"}",
        "{\"name\":\"x\",\"timeout\":1,\"fd\":1000}",
        "{\"name\":\"x\",\"timeout\":1,\"fd\":4294967299}",
        "{\"name\":\"x\",\"timeout\":1,\"fd\":1000} x",
        "{\"name\":\"a\\nb\",\"timeout\":1,\"fd\":1000}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct sdk_launch l;
        struct err e;
        assert_int_equal(launch(texts[i], &l, &e), ERR_INVALID_ARGUMENT);
        assert_true(str_starts_with(e.text, SDK_LAUNCH_VARIABLE));
        assert_null(l.name);
        assert_int_equal(l.fd, -1);
    }
}

static void a_descriptor_that_is_no_socket_stays_alone(void **state)
{
    struct sdk_launch l;
    char text[128];
    int fd = fcntl(STDERR_FILENO, F_DUPFD, 10);
    int null = open("/dev/null", O_RDONLY);
    dup2(null, fd);
    snprintf(text, sizeof(text), "{\"name\":\"x\",\"timeout\":1,\"fd\":%d}", fd);
    assert_int_equal(launch(text, &l, NULL), ERR_INVALID_ARGUMENT);
    assert_true(fcntl(fd, F_GETFD) >= 0);
    close(fd);
    close(null);
}

static void without_the_variable_nobody_launched_it(void **state)
{
    struct sdk_launch l;
    unsetenv(SDK_LAUNCH_VARIABLE);
    assert_int_equal(sdk_launch_take(&l, NULL), 0);
    assert_int_equal(l.fd, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_abstract_name_has_no_nul_behind_it),
        cmocka_unit_test(an_address_that_is_too_long_is_refused),
        cmocka_unit_test(the_sockets_of_a_user_are_tried_in_order),
        cmocka_unit_test(a_named_socket_is_the_only_one),
        cmocka_unit_test(for_another_user_the_environment_does_not_count),
        cmocka_unit_test(without_an_engine_the_words_name_the_sockets),
        cmocka_unit_test(a_server_of_somebody_else_is_not_talked_to),
        cmocka_unit_test(who_takes_an_abstract_name_keeps_nobody_from_an_engine),
        cmocka_unit_test(several_engines_that_take_no_calls_are_waited_for_once),
        cmocka_unit_test(root_behind_an_abstract_name_is_not_the_users_engine),
        cmocka_unit_test(a_container_is_no_engine_whatever_its_user),
        cmocka_unit_test(roots_server_is_no_other_users),
        cmocka_unit_test(options_of_a_newer_library_are_refused),
        cmocka_unit_test(a_launched_plugin_is_told_name_time_and_descriptor),
        cmocka_unit_test(a_bad_launch_variable_is_refused),
        cmocka_unit_test(a_descriptor_that_is_no_socket_stays_alone),
        cmocka_unit_test(without_the_variable_nobody_launched_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
