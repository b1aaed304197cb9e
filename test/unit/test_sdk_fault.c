/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation of a client's call and of a plugin's life fails once. The engine's
 * part is bytes that lie in the socket before the plugin begins, so that one thread will
 * do.
 */
#include "sdk_fixture.h"

#include "fault_malloc.h"
#include "sdk/launch.h"
#include "wire_capture.h"

static struct buf golden;

/* ---- the client ---- */

static int to_err(int code)
{
    return code == COFFER_NO_MEMORY ? ERR_NO_MEMORY : code;
}

static int ask(void *user)
{
    const struct scripted *s = user;
    struct coffer_client_options o = {
        .size = sizeof(o), .socket = s->path, .timeout_ms = 20000};
    struct coffer_client *client = NULL;
    struct coffer_secrets *found = NULL;
    struct coffer_error e = {0};
    int r = coffer_client_new(&o, &client, &e);
    if (!r)
        r = coffer_client_get(client, "myrealm/foo", &found, &e);
    if (!r)
        assert_int_equal(coffer_secrets_count(found), 1);
    assert_int_equal(e.code, r);
    coffer_secrets_free(found);
    coffer_client_free(client);
    return to_err(r);
}

static void a_call_without_memory_is_an_error(void **state)
{
    struct scripted s;
    buf_deinit(&golden);
    capture_read("cap.2.s2c", &golden);
    struct script script = {.answer = golden.data, .size = golden.len};
    scripted_start(&s, &script);
    assert_true(fault_malloc_each(ask, &s) > 10);
    scripted_stop(&s);
}

static int search(void *user)
{
    struct coffer_client *client = NULL;
    struct coffer_call *call = NULL;
    struct coffer_error e = {0};
    int r = coffer_client_new(NULL, &client, &e);
    if (!r)
        r = coffer_call_get(client, "a", &call, &e);
    coffer_call_free(call);
    coffer_client_free(client);
    return r == COFFER_UNAVAILABLE ? 0 : to_err(r);
}

static void a_search_without_memory_is_an_error(void **state)
{
    fixture_environment("/nonexistent");
    setenv("COFFER_HOME", "/nonexistent", 1); /* an engine may run here */
    assert_true(fault_malloc_each(search, NULL) > 3);
}

/* ---- the plugin ---- */

/* What the engine sends in the recording, but for its answer to the hijack: it accepts
 * the plugin and asks three times. Then, on a fourth stream, it says shutdown. */
static void read_engine_bytes(void)
{
    static const char call[] = "POST /plugins.v1.PluginService/Shutdown HTTP/1.1\r\n"
                               "Host: unix\r\nContent-Type: application/proto\r\n"
                               "Content-Length: 0\r\nConnection: close\r\n\r\n";
    static const char open[] = {0, 1, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0};
    /* The stream ends with it. */
    unsigned char data[] = {0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0, sizeof(call) - 1};
    cleanup_buf struct buf all = BUF_INIT;
    capture_read("cap.0.s2c", &all);
    size_t head = capture_head_size(&all);
    buf_deinit(&golden);
    assert_int_equal(buf_append(&golden, all.data + head, all.len - head), 0);
    assert_int_equal(buf_append(&golden, open, sizeof(open)), 0);
    assert_int_equal(buf_append(&golden, data, sizeof(data)), 0);
    assert_int_equal(buf_append(&golden, call, sizeof(call) - 1), 0);
}

struct seen {
    char patterns[128];
};

static int get(struct coffer_plugin *p, const char *pattern, struct coffer_answer *answer,
               void *user, struct coffer_error *e)
{
    struct seen *s = user;
    struct coffer_pair pair = {"user", "me"};
    struct coffer_secret one = {.id = "myrealm/foo",
                                .value = (const unsigned char *)"bar",
                                .size = 3,
                                .metadata = &pair,
                                .metadata_count = 1};
    size_t n = strlen(s->patterns);
    snprintf(s->patterns + n, sizeof(s->patterns) - n, "%s ", pattern);
    return coffer_answer_add(answer, &one, e);
}

/* What the plugin wrote stays in the socket; it is looked at without our own malloc. */
static size_t count_in(int fd, const char *words)
{
    static char bytes[65536];
    ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    size_t count = 0;
    for (char *at = bytes; n > 0 && at; count++) {
        at = memmem(at, (size_t)(bytes + n - at), words, strlen(words));
        if (!at)
            break;
        at += strlen(words);
    }
    return count;
}

static int live(void *user)
{
    struct seen *s = user;
    struct coffer_plugin_callbacks callbacks = {.size = sizeof(callbacks), .get = get};
    struct coffer_plugin_options o = {.size = sizeof(o),
                                      .version = "v0.0.1",
                                      .pattern = "myrealm/**",
                                      .callbacks = &callbacks,
                                      .user = s};
    struct coffer_error e = {0};
    char text[128];
    int fds[2];
    s->patterns[0] = '\0';
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(send(fds[0], golden.data, golden.len, 0), (ssize_t)golden.len);
    snprintf(text, sizeof(text),
             "{\"name\":\"ext-one\",\"timeout\":20000000000,\"fd\":%d}", fds[1]);
    setenv(SDK_LAUNCH_VARIABLE, text, 1);
    int r = coffer_plugin_run(&o, &e);
    assert_int_equal(e.code, r);
    size_t refused = count_in(fds[0], "out of memory");
    close(fds[0]);
    /* The descriptor was the plugin's unless memory failed before it was taken. */
    if (r == COFFER_NO_MEMORY)
        close(fds[1]);
    return refused ? ERR_NO_MEMORY : to_err(r);
}

static void a_plugin_without_memory_says_so(void **state)
{
    struct seen s = {0};
    fixture_environment("/nonexistent");
    read_engine_bytes();
    assert_int_equal(live(&s), 0);
    assert_string_equal(s.patterns, "myrealm/foo myrealm/** myrealm/foo ");
    assert_true(fault_malloc_each(live, &s) > 30);
    buf_deinit(&golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_without_memory_is_an_error),
        cmocka_unit_test(a_search_without_memory_is_an_error),
        cmocka_unit_test(a_plugin_without_memory_says_so),
    };
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    buf_deinit(&golden);
    return r;
}
