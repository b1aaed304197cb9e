/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_server.h"

#include "cli/swarm_private.h"

/* The verbs of the root certificate and of the unlock key. */

static void parse(struct fixture *f, const struct flag *table, const char *flag)
{
    char text[32];
    char *arguments[] = {text, NULL};
    int argc = 1;
    snprintf(text, sizeof(text), "%s", flag);
    assert_int_equal(flags_parse(&f->cli.flags, table, false, &argc, arguments, NULL), 0);
}

/* Puts a text in the place of standard input, until `restore_input`. */
static int feed_input(const char *text)
{
    int ends[2], before = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    return before;
}

static void restore_input(int before)
{
    dup2(before, STDIN_FILENO);
    close(before);
}

static const char cluster[] =
    "{\"Version\": {\"Index\": 7}, \"Spec\": {\"CAConfig\": {\"ForceRotate\": 2}}, "
    "\"TLSInfo\": {\"TrustRoot\": \"PEM\\n\"}}";

static void the_root_certificate_is_shown(void **state)
{
    const struct answer rows[] = {{"GET /v1.41/swarm ", .body = cluster}, {0}};
    struct fixture *f = *state;
    use(f, rows);
    catch_output(f);
    int r = swarm_run_ca(&f->cli, &f->e);
    end_catch(f);
    assert_int_equal(r, 0);
    assert_string_equal(f->out, "PEM\n");
}

static void a_rotation_is_asked_of_the_manager(void **state)
{
    const struct answer rows[] = {
        {"GET /v1.41/swarm ", .body = cluster},
        {"POST /v1.41/swarm/update?version=7 ",
         .raw = "HTTP/1.1 501 No\r\nContent-Length: 2\r\n\r\nno"},
        {0}};
    struct fixture *f = *state;
    use(f, rows);
    parse(f, swarm_ca_flags, "--rotate");
    assert_int_equal(swarm_run_ca(&f->cli, &f->e), ERR_UNIMPLEMENTED);
    assert_non_null(strstr(f->server.asked, "{\"CAConfig\":{\"ForceRotate\":3}}"));
}

static void an_expiry_needs_a_rotation(void **state)
{
    const struct answer rows[] = {{"GET ", .body = cluster}, {0}};
    struct fixture *f = *state;
    use(f, rows);
    parse(f, swarm_ca_flags, "--cert-expiry=5h");
    assert_int_equal(swarm_run_ca(&f->cli, &f->e), ERR_INVALID_ARGUMENT);
}

/* `coffer swarm unlock` on a node in this state, with this on standard input. */
static int unlock(struct fixture *f, const char *info, const char *input)
{
    const struct answer rows[] = {{"GET /v1.41/info ", .body = info},
                                  {"POST /v1.41/swarm/unlock ", .body = ""},
                                  {0}};
    use(f, rows);
    int before = feed_input(input);
    int r = swarm_run_unlock(&f->cli, &f->e);
    restore_input(before);
    client_free(f->cli.client);
    f->cli.client = NULL;
    server_stop(&f->server);
    f->server.rows = NULL;
    return r;
}

#define STATE(name) "{\"Swarm\": {\"LocalNodeState\": \"" name "\"}}"

static void the_unlock_key_comes_from_standard_input(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(unlock(f, STATE("locked"), "SWMKEY-1-abc\nmore"), 0);
    assert_non_null(strstr(f->server.asked, "{\"UnlockKey\":\"SWMKEY-1-abc\"}"));
}

static void what_is_not_locked_is_not_unlocked(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(unlock(f, STATE("active"), ""), ERR_FAILED_PRECONDITION);
    assert_string_equal(f->e.text, "Error: swarm is not locked");
    assert_int_equal(unlock(f, STATE("inactive"), ""), ERR_FAILED_PRECONDITION);
    assert_string_equal(f->e.text, "Error: This node is not part of a swarm");
}

static void an_unlock_key_has_a_longest_length(void **state)
{
    struct fixture *f = *state;
    char key[5000];
    memset(key, 'x', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    assert_int_equal(unlock(f, STATE("locked"), key), ERR_INVALID_ARGUMENT);
    assert_null(strstr(f->e.text, "xxx"));
}

static void a_key_that_is_not_set_is_not_rotated(void **state)
{
    const struct answer rows[] = {{"GET /v1.41/swarm ", .body = cluster}, {0}};
    static const struct flag flags[] = {{"rotate", 0, &flag_switch, "", NULL, NULL}, {0}};
    struct fixture *f = *state;
    use(f, rows);
    parse(f, flags, "--rotate");
    assert_int_equal(swarm_run_unlock_key(&f->cli, &f->e), ERR_FAILED_PRECONDITION);
    assert_int_equal(f->server.requests, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLI_TEST(the_root_certificate_is_shown),
        CLI_TEST(a_rotation_is_asked_of_the_manager),
        CLI_TEST(an_expiry_needs_a_rotation),
        CLI_TEST(the_unlock_key_comes_from_standard_input),
        CLI_TEST(what_is_not_locked_is_not_unlocked),
        CLI_TEST(an_unlock_key_has_a_longest_length),
        CLI_TEST(a_key_that_is_not_set_is_not_rotated),
    };
    return cmocka_run_group_tests(tests, set_up_libraries, NULL);
}
