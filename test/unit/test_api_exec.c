/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that attach to, start, and execute in containers with references to secrets. */
#include "api_world.h"

#include <unistd.h>

#include "api/private.h"
#include "loop/clock.h"
#include "oci/record.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define EXEC "{\"Cmd\":[\"sh\"],\"Env\":[\"A=1\",\"KEY=se://a\"]}"

struct fixture {
    struct api_world world;
    char folder[64];
};

static int set_up(void **state)
{
    static struct fixture f;
    strcpy_cut(f.folder, sizeof(f.folder), "/tmp/coffer-exec-XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    world_open_at(&f.world, f.folder);
    world_answer(&f.world, "POST /containers/box/exec", 201, "{\"Id\":\"e\"}");
    world_answer(&f.world, "GET /containers/box/json", 200, "{\"Id\":\"" ID "\"}");
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    world_close(&f->world);
    assert_int_equal(record_remove(f->folder, ID, NULL), 0);
    return rmdir(f->folder);
}

static void record_for(struct fixture *f, uid_t uid)
{
    const struct record record = {.uid = uid};
    assert_int_equal(record_write(f->folder, ID, &record, NULL), 0);
}

static void expect(struct fixture *f, const char *target, const char *body, int status,
                   const char *words)
{
    buf_reset(&f->world.asked);
    world_ask(&f->world, "POST", target, body);
    assert_int_equal(f->world.status, status);
    if (words && !strstr(buf_str(&f->world.received), words))
        fail_msg("no \"%s\" in: %s", words, buf_str(&f->world.received));
}

static bool was_asked(struct fixture *f, const char *what)
{
    return strstr(buf_str(&f->world.asked), what) != NULL;
}

/* ---- exec ---- */

static void the_owner_may_give_exec_references(void **state)
{
    struct fixture *f = *state;
    cleanup_record struct record record = {0};
    record_for(f, geteuid());
    for (int i = 0; i < 2; i++)
        expect(f, "/containers/box/exec", EXEC, 201, "\"e\"");
    assert_true(was_asked(f, "KEY=se://a"));
    assert_int_equal(record_read(f->folder, ID, &record, NULL), 0);
    assert_int_equal(record.n_exec, 1);
    assert_true(record_has_exec(&record, "KEY", "se://a"));
}

/* The largest record that can be written. */
static void fill(struct fixture *f, struct record *record)
{
    char text[2048], *filler = text;
    bool is_new;
    memset(text, 'x', sizeof(text) - 1);
    for (size_t n = sizeof(text) - 1;; n--) {
        text[n] = '\0';
        assert_int_equal(record_add_exec(record, &filler, 1, &is_new, NULL), 0);
        if (!record_write(f->folder, ID, record, NULL))
            return;
        free(record->exec[--record->n_exec]);
    }
}

/* What the container itself has stays whatever its execs bring, and there is always room
 * for one more of them. */
static void an_exec_is_possible_after_any_number_of_others(void **state)
{
    struct fixture *f = *state;
    cleanup_record struct record record = {.uid = geteuid()};
    cleanup_free char *text = calloc(1, 2048);
    bool is_new;
    assert_non_null(text);
    assert_int_equal(record_add_reference(&record, "KEY=se://mine", NULL), 0);
    for (unsigned i = 0; i < 521; i++) {
        snprintf(text, 2048, "%0*u=se://x", 2000, i);
        assert_int_equal(record_add_exec(&record, &text, 1, &is_new, NULL), 0);
    }
    fill(f, &record);
    expect(f, "/containers/box/exec", EXEC, 201, "\"e\"");
    for (unsigned i = 0; i < 2 * RECORD_KEYS_MAX; i++) {
        snprintf(text, 2048, "E%u=se://x", i);
        assert_int_equal(record_add_exec(&record, &text, 1, &is_new, NULL), 0);
    }
    assert_int_equal(record.n_exec, RECORD_KEYS_MAX);
    assert_int_equal(record_write(f->folder, ID, &record, NULL), 0);
    expect(f, "/containers/box/exec", EXEC, 201, "\"e\"");
    record_deinit(&record);
    assert_int_equal(record_read(f->folder, ID, &record, NULL), 0);
    assert_true(record_has_exec(&record, "KEY", "se://a"));
    assert_true(record_has_reference(&record, "KEY", "se://mine"));
}

/* The engine may read more than we do: coffer-runtime goes by the record. */
static void what_is_hidden_from_us_is_not_recorded(void **state)
{
    struct fixture *f = *state;
    cleanup_record struct record record = {0};
    static const char body[] = "{\"Env\":[],\"ENV\":[\"KEY=se://a\"]}";
    record_for(f, geteuid() + 1);
    expect(f, "/containers/box/exec", body, 201, NULL);
    assert_int_equal(record_read(f->folder, ID, &record, NULL), 0);
    assert_int_equal(record.n_references, 0);
}

static void nobody_else_may(void **state)
{
    struct fixture *f = *state;
    record_for(f, geteuid() + 1);
    expect(f, "/containers/box/exec", EXEC, 403, "only that user may give exec");
    assert_false(was_asked(f, "POST "));
}

static void a_container_without_references_has_nobody_to_ask(void **state)
{
    struct fixture *f = *state;
    expect(f, "/containers/box/exec", EXEC, 400, "0123456789ab has none");
    assert_false(was_asked(f, "POST "));
}

static void without_references_nobody_is_asked_whose_it_is(void **state)
{
    struct fixture *f = *state;
    expect(f, "/containers/box/exec", "{\"Env\":[\"A=1\",\"B=\"]}", 201, NULL);
    expect(f, "/containers/box/exec", "{\"Env\":\"se://\"}", 201, NULL);
    expect(f, "/containers/box/exec", "no json", 201, NULL);
    assert_false(was_asked(f, "/json"));
}

static void a_strange_answer_is_no_permission(void **state)
{
    struct fixture *f = *state;
    record_for(f, geteuid());
    world_answer(&f->world, "GET /containers/odd/json", 200, "{\"Name\":\"x\"}");
    world_answer(&f->world, "GET /containers/evil/json", 200, "{\"Id\":\"../../x\"}");
    expect(f, "/containers/odd/exec", EXEC, 400, "no container id");
    expect(f, "/containers/evil/exec", EXEC, 400, NULL);
    assert_false(was_asked(f, "POST "));
}

/* ---- attach and start ---- */

static void a_start_is_told_what_attaching_met(void **state)
{
    struct fixture *f = *state;
    world_answer(&f->world, "POST /containers/" ID "/start", 204, "");
    api_unready_add(&f->world.api->unready, ID, "resolving KEY: no", clock_monotonic());
    expect(f, "/containers/" ID "/start", NULL, 500, "resolving KEY: no");
    assert_false(was_asked(f, "/start"));
    expect(f, "/containers/" ID "/start", NULL, 204, NULL);
    assert_true(was_asked(f, "/start"));
}

/* The image of a container that nobody gave references may have some. */
static void any_container_is_made_ready_before_it_is_attached_to(void **state)
{
    struct fixture *f = *state;
    world_answer(&f->world, "POST /containers/" ID "/attach", 200, "");
    expect(f, "/containers/" ID "/attach?stream=1", NULL, 200, NULL);
    assert_true(was_asked(f, "/" ID "/init"));
    assert_true(was_asked(f, "/attach"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_owner_may_give_exec_references),
        TEST(an_exec_is_possible_after_any_number_of_others),
        TEST(what_is_hidden_from_us_is_not_recorded),
        TEST(nobody_else_may),
        TEST(a_container_without_references_has_nobody_to_ask),
        TEST(without_references_nobody_is_asked_whose_it_is),
        TEST(a_strange_answer_is_no_permission),
        TEST(a_start_is_told_what_attaching_met),
        TEST(any_container_is_made_ready_before_it_is_attached_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
