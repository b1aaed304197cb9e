/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin's end of the socket of cofferd, which a script is here. */
#include "sdk_fixture.h"

#include "base/clock.h"
#include "literal.h"
#include "secrets/resolver.pb-c.h"
#include "swarm/ask.h"

#define REFUSAL "{\"code\":\"unavailable\",\"message\":\"this node isn't a manager\"}"

static int ask_at(const char *path, struct coffer_secrets **out, struct err *e)
{
    const struct waiter w = {NULL, CLOCK_NEVER};
    return ask(path, "swarm/a", &w, out, e);
}

static void its_secrets_are_handed_on(void **state)
{
    uint8_t bytes[256];
    static struct scripted s;
    struct coffer_secrets *found = NULL;
    cleanup_buf struct buf answer = BUF_INIT;
    Resolver__V1__Envelope one = RESOLVER__V1__ENVELOPE__INIT, *all[] = {&one};
    Resolver__V1__GetSecretsResponse m = RESOLVER__V1__GET_SECRETS_RESPONSE__INIT;
    one.id = literal("swarm/a");
    one.value.data = (uint8_t *)literal("value");
    one.value.len = 5;
    m.n_envelopes = 1;
    m.envelopes = all;
    size_t n = resolver__v1__get_secrets_response__pack(&m, bytes);
    fixture_answer(&answer, bytes, n);
    const struct script script = {.answer = answer.data, .size = answer.len};
    scripted_start(&s, &script);
    assert_int_equal(ask_at(s.path, &found, NULL), 0);
    assert_int_equal(coffer_secrets_count(found), 1);
    assert_string_equal(coffer_secrets_get(found, 0)->value, "value");
    coffer_secrets_free(found);
    scripted_stop(&s);
}

static void its_words_are_told(void **state)
{
    static struct scripted s;
    struct coffer_secrets *found = NULL;
    struct err e;
    cleanup_buf struct buf answer = BUF_INIT;
    fixture_failure(&answer, 503, REFUSAL);
    const struct script script = {.answer = answer.data, .size = answer.len};
    scripted_start(&s, &script);
    assert_int_equal(ask_at(s.path, &found, &e), ERR_UNAVAILABLE);
    assert_string_equal(e.text, "cofferd: this node isn't a manager");
    scripted_stop(&s);
}

static void without_a_cofferd_nothing_is_found(void **state)
{
    struct coffer_secrets *found = NULL;
    assert_int_equal(ask_at("/nosuch/grants.sock", &found, NULL), ERR_NOT_FOUND);
}

/* It stopped: that isn't the same as having no such secret. */
static void one_that_does_not_answer_is_told(void **state)
{
    static struct scripted s;
    struct coffer_secrets *found = NULL;
    const struct script script = {.is_silent = true};
    scripted_start(&s, &script);
    shutdown(s.listener, SHUT_RDWR);
    pthread_join(s.thread, NULL);
    close(s.listener);
    assert_int_equal(ask_at(s.path, &found, NULL), ERR_UNAVAILABLE);
    unlink(s.path);
    rmdir(s.folder);
}

/* Nobody but root is cofferd. */
static void a_server_of_another_user_is_refused(void **state)
{
    static struct scripted s;
    struct coffer_secrets *found = NULL;
    const struct script script = {.is_silent = true};
    if (geteuid() != 0)
        skip();
    assert_int_equal(seteuid(65534), 0);
    scripted_start(&s, &script);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(ask_at(s.path, &found, NULL), ERR_PERMISSION_DENIED);
    scripted_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_secrets_are_handed_on),
        cmocka_unit_test(its_words_are_told),
        cmocka_unit_test(without_a_cofferd_nothing_is_found),
        cmocka_unit_test(one_that_does_not_answer_is_told),
        cmocka_unit_test(a_server_of_another_user_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
