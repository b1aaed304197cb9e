/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of tasks that are references, asked for from a scripted secrets engine. */
#include "agent_fixture.h"
#include "sdk_fixture.h"

#include "agent/reference_call.h"
#include "base/file.h"
#include "literal.h"
#include "secrets/resolver.pb-c.h"

#define VALUE "value of the vault"

struct asked {
    struct scripted engine;
    struct buf answer;
};

static void pack(struct buf *out, size_t n)
{
    uint8_t bytes[512];
    Resolver__V1__Envelope one = RESOLVER__V1__ENVELOPE__INIT, two = one,
                           *both[] = {&one, &two};
    Resolver__V1__GetSecretsResponse all = RESOLVER__V1__GET_SECRETS_RESPONSE__INIT;
    one.id = literal("db/pw");
    two.id = literal("db/other");
    one.value.data = two.value.data = (uint8_t *)literal(VALUE);
    one.value.len = two.value.len = strlen(VALUE);
    one.provider = two.provider = literal("test");
    all.envelopes = both;
    all.n_envelopes = n;
    size_t size = resolver__v1__get_secrets_response__get_packed_size(&all);
    assert_true(size <= sizeof(bytes));
    resolver__v1__get_secrets_response__pack(&all, bytes);
    fixture_answer(out, bytes, size);
}

/* An engine that answers with so many secrets. */
static void start_engine(struct asked *a, size_t n)
{
    a->answer = (struct buf)BUF_INIT;
    pack(&a->answer, n);
    const struct script script = {.answer = a->answer.data, .size = a->answer.len};
    scripted_start(&a->engine, &script);
    setenv("COFFER_ENGINE_SOCKET", a->engine.path, 1);
}

static void start_silent(struct asked *a)
{
    const struct script script = {.is_silent = true};
    a->answer = (struct buf)BUF_INIT;
    scripted_start(&a->engine, &script);
    setenv("COFFER_ENGINE_SOCKET", a->engine.path, 1);
}

static void stop_engine(struct asked *a)
{
    scripted_stop(&a->engine);
    buf_deinit(&a->answer);
}

static void use_reference(Swarm__Task *t, const char *name, const char *target)
{
    Swarm__ContainerSpec *c = t->spec->container;
    task_use_secret(t, "zzzzzzzzzzzzzzzzzzzzzzzzz", target);
    put(&c->secrets[c->n_secrets - 1]->secret_name, name);
}

static Swarm__Task *task_with(const char *reference)
{
    Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    task_use_secret(t, SECRET_1, "own");
    use_reference(t, reference, "pw");
    use_reference(t, reference, "/etc/pw");
    return t;
}

static void assign(struct world *w, Swarm__Task *t)
{
    Swarm__AssignmentsMessage *m = message_begin();
    add_secret(m, SECRET_1);
    add_task(m, t);
    send_assignments(w, m, true);
}

static void assert_contents(const struct world *w, const char *below, const char *wanted)
{
    char path[512], text[128] = "";
    snprintf(path, sizeof(path), "%s/%s", w->secrets, below);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof(text), f));
    fclose(f);
    assert_string_equal(text, wanted);
}

static void a_reference_becomes_a_file_beside_the_others(void **state)
{
    struct world *w = *state;
    static struct asked a;
    start_engine(&a, 1);
    assign(w, task_with("se://db/pw"));
    WAIT_STATE(w, TASK_1, RUNNING);
    assert_contents(w, TASK_1 "/secrets/pw", VALUE);
    assert_contents(w, TASK_1 "/secrets/own", SECRET_TEXT);
    assert_contents(w, TASK_1 "/files/0", VALUE);
    stop_engine(&a);
    assert_int_equal(a.engine.n_calls, 2);
}

static void assert_rejected(struct world *w, const char *reference, const char *words)
{
    assign(w, task_with(reference));
    WAIT_STATE(w, TASK_1, REJECTED);
    assert_non_null(strstr(err_of(w, TASK_1), words));
    assert_int_equal(fake_engine_count(w->engine, FAKE_CREATE), 0);
    assert_false(has_file(w, TASK_1));
}

static void several_that_match_reject_the_task(void **state)
{
    static struct asked a;
    start_engine(&a, 2);
    assert_rejected(*state, "se://db/*",
                    "resolving pw: 2 secrets matched se://db/*: db/pw (test)");
    stop_engine(&a);
}

static void none_that_matches_rejects_the_task(void **state)
{
    static struct asked a;
    start_engine(&a, 0);
    assert_rejected(*state, "se://no", "resolving pw: secret not found: se://no");
    stop_engine(&a);
}

static void without_an_engine_the_task_is_rejected(void **state)
{
    setenv("COFFER_ENGINE_SOCKET", "/nosuch/engine.sock", 1);
    setenv("INVOCATION_ID", "0123456789abcdef0123456789abcdef", 1);
    assert_rejected(*state, "se://db/pw", "resolving pw: se://db/pw: ");
    assert_non_null(strstr(err_of(*state, TASK_1), "coffer-engined.socket"));
    unsetenv("INVOCATION_ID");
}

/* ---- the swarm's own ---- */

/* A task's secrets have the name "name". */
#define OWN "se://swarm/name"

/* The value that a variable's reference has. */
static void assert_given(struct world *w, const char *reference, const char *value)
{
    const struct fake_container *c = fake_engine_find(w->engine, TASK_1);
    for (size_t i = 0; i < c->n_given; i++)
        if (str_equal(c->given[i].reference, reference)) {
            assert_contents(w, c->given[i].path + strlen(w->secrets) + 1, value);
            return;
        }
    fail_msg("%s is not given", reference);
}

static void a_reference_to_its_own_secret_asks_nobody(void **state)
{
    struct world *w = *state;
    setenv("COFFER_ENGINE_SOCKET", "/nosuch/engine.sock", 1);
    Swarm__Task *t = task_with(OWN);
    task_use_variable(t, "PW=" OWN);
    task_use_variable(t, "ANY=se://swarm/*");
    assign(w, t);
    WAIT_STATE(w, TASK_1, RUNNING);
    assert_contents(w, TASK_1 "/secrets/pw", SECRET_TEXT);
    assert_contents(w, TASK_1 "/secrets/own", SECRET_TEXT);
    assert_contents(w, TASK_1 "/files/0", SECRET_TEXT);
    assert_given(w, OWN, SECRET_TEXT);
    assert_given(w, "se://swarm/*", SECRET_TEXT);
}

static void a_secret_that_it_was_not_given_rejects_the_task(void **state)
{
    struct world *w = *state;
    Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__RUNNING);
    task_use_secret(t, SECRET_1, "own");
    task_use_variable(t, "PW=se://swarm/other");
    assign(w, t);
    WAIT_STATE(w, TASK_1, REJECTED);
    assert_non_null(strstr(err_of(w, TASK_1), "variable PW: se://swarm/other: "));
    assert_int_equal(fake_engine_count(w->engine, FAKE_CREATE), 0);
    assert_false(has_file(w, TASK_1));
}

static void neither_does_a_file_of_one(void **state)
{
    assert_rejected(*state, "se://swarm/other", "se://swarm/other: the service wasn't");
}

/* ---- an engine that is started ---- */

/* A program in the engine's place: it notes that it runs and then does this; $D is its
 * folder. Nobody listens at the socket that is asked until it makes it. */
static void put_program(struct scripted *s, const char *script)
{
    cleanup_free char *path = str_format("%s/program", s->folder);
    cleanup_free char *socket = str_format("%s/started.sock", s->folder);
    cleanup_free char *text =
        str_format("#!/bin/sh\nD=%s\nprintf x >>$D/count\n%s\n", s->folder, script);
    assert_int_equal(file_replace(path, 0700, text, strlen(text), NULL), 0);
    setenv("COFFER_ENGINED", path, 1);
    setenv("COFFER_HOME", s->folder, 1);
    setenv("COFFER_ENGINE_SOCKET", socket, 1);
}

static void assert_started_once(const struct scripted *s)
{
    struct stat st;
    cleanup_free char *count = str_format("%s/count", s->folder);
    assert_int_equal(stat(count, &st), 0);
    assert_int_equal(st.st_size, 1);
}

static void remove_program(struct scripted *s)
{
    cleanup_free char *command = str_format(
        "cd %s && rm -f program count started.sock start.lock engine.log", s->folder);
    assert_int_equal(system(command), 0);
    unsetenv("COFFER_ENGINED");
    unsetenv("COFFER_HOME");
}

static void two_tasks_start_one_engine_and_get_their_values(void **state)
{
    struct world *w = *state;
    static struct asked a;
    start_engine(&a, 1);
    cleanup_free char *script =
        str_format("ln -s %s $D/started.sock && echo ready >&3", a.engine.path);
    put_program(&a.engine, script);
    Swarm__AssignmentsMessage *m = message_begin();
    Swarm__Task *both[] = {task_with("se://db/pw"), task_with("se://db/pw")};
    put(&both[1]->id, TASK_2);
    both[1]->slot = 2;
    add_secret(m, SECRET_1);
    add_task(m, both[0]);
    add_task(m, both[1]);
    send_assignments(w, m, true);
    WAIT_STATE(w, TASK_1, RUNNING);
    WAIT_STATE(w, TASK_2, RUNNING);
    assert_contents(w, TASK_1 "/secrets/pw", VALUE);
    assert_contents(w, TASK_2 "/secrets/pw", VALUE);
    assert_started_once(&a.engine);
    remove_program(&a.engine);
    stop_engine(&a);
}

static void an_engine_that_fails_to_start_rejects_the_task(void **state)
{
    static struct asked a;
    start_engine(&a, 1);
    put_program(&a.engine, "echo 'no store here' >&3");
    assert_rejected(*state, "se://db/pw",
                    "the secrets engine doesn't start: no store here");
    assert_started_once(&a.engine);
    remove_program(&a.engine);
    stop_engine(&a);
}

/* It is asked again once, not for ever. */
static void one_that_is_not_there_after_its_start_rejects_the_task(void **state)
{
    static struct asked a;
    start_engine(&a, 1);
    put_program(&a.engine, "echo ready >&3");
    assert_rejected(*state, "se://db/pw", "resolving pw: se://db/pw: ");
    assert_started_once(&a.engine);
    remove_program(&a.engine);
    stop_engine(&a);
}

static void what_is_no_reference_rejects_the_task(void **state)
{
    assert_rejected(*state, "se://db//pw", "resolving pw: se://db//pw: ");
}

static void a_task_that_waits_for_a_value_goes_at_once(void **state)
{
    struct world *w = *state;
    static struct asked a;
    start_silent(&a);
    assign(w, task_with("se://db/pw"));
    TURN_UNTIL(w, a.engine.request_size > 0);
    Swarm__AssignmentsMessage *m = message_begin();
    Swarm__Task *t = task_make(TASK_1, SWARM__TASK_STATE__SHUTDOWN);
    add_task(m, t);
    send_assignments(w, m, false);
    WAIT_STATE(w, TASK_1, SHUTDOWN);
    assert_false(has_file(w, TASK_1));
    stop_engine(&a);
}

static void the_agent_is_closed_while_a_task_waits_for_a_value(void **state)
{
    struct world *w = *state;
    static struct asked a;
    start_silent(&a);
    assign(w, task_with("se://db/pw"));
    TURN_UNTIL(w, a.engine.request_size > 0);
    world_stop_agent(w);
    assert_false(has_file(w, TASK_1));
    stop_engine(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_reference_becomes_a_file_beside_the_others),
        WORLD_TEST(several_that_match_reject_the_task),
        WORLD_TEST(none_that_matches_rejects_the_task),
        WORLD_TEST(without_an_engine_the_task_is_rejected),
        WORLD_TEST(a_reference_to_its_own_secret_asks_nobody),
        WORLD_TEST(a_secret_that_it_was_not_given_rejects_the_task),
        WORLD_TEST(neither_does_a_file_of_one),
        WORLD_TEST(two_tasks_start_one_engine_and_get_their_values),
        WORLD_TEST(an_engine_that_fails_to_start_rejects_the_task),
        WORLD_TEST(one_that_is_not_there_after_its_start_rejects_the_task),
        WORLD_TEST(what_is_no_reference_rejects_the_task),
        WORLD_TEST(a_task_that_waits_for_a_value_goes_at_once),
        WORLD_TEST(the_agent_is_closed_while_a_task_waits_for_a_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
