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
    world_answer(&f.world, "GET /containers/json", 200, "[]");
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
        TEST(the_client_is_told_when_there_is_no_record),
        TEST(nothing_is_hidden_from_us_that_the_engine_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
