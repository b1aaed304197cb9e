/* SPDX-License-Identifier: Apache-2.0 */
/* Containers whose variables are references to secrets (create.c). */
#include "api_world.h"

#include <sys/stat.h>
#include <unistd.h>

#include "oci/record.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BODY "{\"Image\":\"i\",\"Env\":[\"KEY=se://a\"]}"

struct fixture {
    struct api_world world;
    char folder[64];
};

static int set_up(void **state)
{
    static struct fixture f;
    strcpy_cut(f.folder, sizeof(f.folder), "/tmp/coffer-create-XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    world_open_at(&f.world, f.folder);
    world_answer(&f.world, "POST /containers/create", 201, "{\"Id\":\"" ID "\"}");
    world_answer(&f.world, "GET /containers/json", 200, "[{\"Id\":\"" ID "\"}]");
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char record[256];
    world_close(&f->world);
    snprintf(record, sizeof(record), "%s/" ID, f->folder);
    unlink(record);
    return rmdir(f->folder);
}

/* Whether the engine was asked what it has. */
static bool create(struct fixture *f, int status)
{
    buf_reset(&f->world.asked);
    world_ask(&f->world, "POST", "/containers/create", BODY);
    assert_int_equal(f->world.status, status);
    bool is_created = strstr(buf_str(&f->world.asked), "POST /containers/create") != NULL;
    assert_int_equal(is_created, status == 201);
    return strstr(buf_str(&f->world.asked), "GET /info\n") != NULL;
}

static void an_engine_that_has_the_runtime_is_not_asked_each_time(void **state)
{
    struct fixture *f = *state;
    world_answer(&f->world, "GET /info", 200,
                 "{\"BuildahVersion\":\"1\",\"DefaultRuntime\":\"/x/coffer-runtime\"}");
    assert_true(create(f, 201));
    assert_false(create(f, 201));
    assert_non_null(strstr(buf_str(&f->world.asked), "KEY=se://a"));
}

/* So that it is good as soon as somebody has configured it. */
static void an_engine_without_is_asked_each_time(void **state)
{
    struct fixture *f = *state;
    world_answer(&f->world, "GET /info", 200,
                 "{\"BuildahVersion\":\"1\",\"DefaultRuntime\":\"crun\"}");
    assert_true(create(f, 400));
    assert_true(create(f, 400));
}

/* The engine reads names in any case, takes the last, and mends half a surrogate pair. */
static void nothing_is_hidden_from_us_that_the_engine_reads(void **state)
{
    struct fixture *f = *state;
    static const char *const bodies[] = {
        "{\"Labels\":{},\"labels\":{\"coffer.secrets.uid\":\"0\"}}",
        "{\"Label\\u017f\":{\"coffer.secrets.uid\":\"0\"}}",
        "{\"Env\":[],\"ENV\":[\"KEY=se://a\"]}",
        "{\"Image\":\"\\ud800\",\"Labels\":{\"coffer.secrets.uid\":\"0\"}}",
        "{\"Image\":\"i\"",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        world_ask(&f->world, "POST", "/containers/create", bodies[i]);
        assert_int_equal(f->world.status, 400);
        assert_int_equal(f->world.asked.len, 0);
    }
    world_ask(&f->world, "POST", "/containers/create", "");
    assert_int_equal(f->world.status, 201);
}

static void offer_runtime(struct fixture *f)
{
    world_answer(&f->world, "GET /info", 200, "{\"DefaultRuntime\":\"coffer\"}");
}

static void the_record_says_who_asked_for_what(void **state)
{
    struct fixture *f = *state;
    cleanup_record struct record record = {0};
    offer_runtime(f);
    world_ask(&f->world, "POST", "/containers/create",
              "{\"Env\":[\"A=1\",\"KEY=se://a\",\"B=\",\"bad-name=\",\"C\"]}");
    assert_int_equal(f->world.status, 201);
    assert_int_equal(record_read(f->folder, ID, &record, NULL), 0);
    assert_int_equal(record.uid, geteuid());
    assert_int_equal(record.n_references, 1);
    assert_true(record_has_reference(&record, "KEY", "se://a"));
    assert_non_null(strstr(buf_str(&f->world.asked), "\"coffer.secrets.uid\":\""));
}

static void labels_of_ours_are_nobody_elses(void **state)
{
    struct fixture *f = *state;
    world_ask(&f->world, "POST", "/containers/create",
              "{\"Env\":[\"KEY=se://a\"],\"Labels\":{\"coffer.secrets.uid\":\"0\"}}");
    assert_int_equal(f->world.status, 400);
    assert_int_equal(f->world.asked.len, 0);
}

static void a_container_that_was_not_created_has_no_record(void **state)
{
    struct fixture *f = *state;
    cleanup_record struct record record = {0};
    offer_runtime(f);
    world_answer(&f->world, "POST /v1.41/containers/create", 409,
                 "{\"message\":\"name\"}");
    world_ask(&f->world, "POST", "/v1.41/containers/create", BODY);
    assert_int_equal(f->world.status, 409);
    assert_non_null(strstr(buf_str(&f->world.received), "name"));
    assert_int_equal(record_read(f->folder, ID, &record, NULL), ERR_NOT_FOUND);
}

static void an_answer_without_a_usable_id_is_an_error(void **state)
{
    struct fixture *f = *state;
    offer_runtime(f);
    world_answer(&f->world, "POST /v1.41/containers/create", 201, "{\"Id\":\"../x\"}");
    world_answer(&f->world, "POST /v1.42/containers/create", 201, "{}");
    world_answer(&f->world, "POST /v1.43/containers/create", 201, "no json");
    world_ask(&f->world, "POST", "/v1.41/containers/create", BODY);
    assert_int_equal(f->world.status, 400);
    world_ask(&f->world, "POST", "/v1.42/containers/create", BODY);
    assert_true(f->world.status >= 400);
    world_ask(&f->world, "POST", "/v1.43/containers/create", BODY);
    assert_true(f->world.status >= 400);
}

static bool has_record(const struct fixture *f, const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    return !access(path, F_OK);
}

static void a_record_goes_when_its_container_is_gone(void **state)
{
    struct fixture *f = *state;
    offer_runtime(f);
    world_ask(&f->world, "POST", "/containers/create", BODY);
    assert_int_equal(f->world.status, 201);
    assert_true(has_record(f, ID));
    api_forget(f->world.api, "../" ID);
    api_forget(f->world.api, "0123");
    api_forget(f->world.api, ID);
    TURN_UNTIL(&f->world.net, !has_record(f, ID));
}

/* What a crash left of the writing of a record goes with its container, not before. */
static void a_sweep_leaves_what_the_engine_has(void **state)
{
    struct fixture *f = *state;
    static const struct record none;
    static const char *const names[] = {ID, ID ".tmp", "gone", "cut.tmp"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_int_equal(record_write(f->folder, names[i], &none, NULL), 0);
    api_sweep(f->world.api);
    TURN_UNTIL(&f->world.net, !has_record(f, "gone") && !has_record(f, "cut.tmp"));
    assert_true(has_record(f, ID) && has_record(f, ID ".tmp"));
    assert_int_equal(record_remove(f->folder, ID, NULL), 0);
    assert_false(has_record(f, ID ".tmp"));
}

static void the_client_is_told_when_there_is_no_record(void **state)
{
    struct fixture *f = *state;
    offer_runtime(f);
    assert_int_equal(chmod(f->folder, 0777), 0);
    world_ask(&f->world, "POST", "/containers/create", BODY);
    assert_int_equal(f->world.status, 403);
    assert_non_null(strstr(buf_str(&f->world.received), "can't be started"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_engine_that_has_the_runtime_is_not_asked_each_time),
        TEST(an_engine_without_is_asked_each_time),
        TEST(the_record_says_who_asked_for_what),
        TEST(labels_of_ours_are_nobody_elses),
        TEST(a_container_that_was_not_created_has_no_record),
        TEST(an_answer_without_a_usable_id_is_an_error),
        TEST(a_record_goes_when_its_container_is_gone),
        TEST(a_sweep_leaves_what_the_engine_has),
        TEST(the_client_is_told_when_there_is_no_record),
        TEST(nothing_is_hidden_from_us_that_the_engine_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
