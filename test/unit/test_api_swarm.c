/* SPDX-License-Identifier: Apache-2.0 */
/* The node's part in a swarm: what joining spares, and which keys an update rotates. */
#include "api_world.h"

#define JOIN "{\"RemoteAddrs\":[\"10.0.0.2:2377\"],\"JoinToken\":\"x\"}"
#define HOLDS "own swarm holds secrets, configs or services"
#define PART "already part of a swarm"

static int setup(void **state)
{
    static struct api_world w;
    world_open(&w);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

static void expect_join(struct api_world *w, int status, const char *said)
{
    world_ask(w, "POST", "/swarm/join", JOIN);
    assert_int_equal(w->status, status);
    if (!strstr(buf_str(&w->received), said))
        fail_msg("%s", buf_str(&w->received));
}

static void create(struct api_world *w, const char *target, const char *body)
{
    world_ask(w, "POST", target, body);
    assert_int_equal(w->status, 201);
}

static void remove_it(struct api_world *w, const char *target)
{
    world_ask(w, "DELETE", target, NULL);
    assert_int_equal(w->status / 100, 2);
}

/* ---- joining ---- */

static void a_swarm_that_was_made_by_its_user_is_kept(void **state)
{
    expect_join(*state, 503, PART);
}

static void an_empty_swarm_of_the_nodes_own_is_no_reason(void **state)
{
    struct api_world *w = *state;
    w->is_auto = true;
    expect_join(w, 501, "not supported yet");
    w->state = SWARM_INACTIVE;
    expect_join(w, 501, "not supported yet");
}

static void secrets_in_it_are_spared(void **state)
{
    struct api_world *w = *state;
    w->is_auto = true;
    create(w, "/secrets/create", "{\"Name\":\"a\",\"Data\":\"aGVsbG8=\"}");
    expect_join(w, 503, HOLDS);
    remove_it(w, "/secrets/a");
    expect_join(w, 501, "not supported yet");
}

static void configs_in_it_are_spared(void **state)
{
    struct api_world *w = *state;
    w->is_auto = true;
    create(w, "/configs/create", "{\"Name\":\"a\",\"Data\":\"aGVsbG8=\"}");
    expect_join(w, 503, HOLDS);
    remove_it(w, "/configs/a");
    expect_join(w, 501, "not supported yet");
}

static void services_in_it_are_spared(void **state)
{
    struct api_world *w = *state;
    w->is_auto = true;
    create(w, "/services/create",
           "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"i\"}}}");
    expect_join(w, 503, HOLDS);
    remove_it(w, "/services/s");
    expect_join(w, 501, "not supported yet");
}

/* Locked or broken, it can't be seen whether it holds something. */
static void a_swarm_that_cannot_be_seen_is_kept(void **state)
{
    struct api_world *w = *state;
    w->is_auto = true;
    w->state = SWARM_LOCKED;
    expect_join(w, 503, PART);
    w->state = SWARM_ERROR;
    expect_join(w, 503, PART);
}

/* ---- keys and tokens ---- */

static void update(struct api_world *w, const char *flags)
{
    char target[160];
    unsigned long long version =
        object_version(store_get(store_view(w->store), OBJECT_CLUSTER, WORLD_CLUSTER));
    snprintf(target, sizeof(target), "/swarm/update?version=%llu%s", version, flags);
    world_ask(w, "POST", target, "{}");
    assert_int_equal(w->status, 200);
}

static void expect_rotated(const struct api_world *w, bool key, bool worker, bool manager)
{
    assert_int_equal(w->how.rotate_data_key, key);
    assert_int_equal(w->how.rotate_worker_token, worker);
    assert_int_equal(w->how.rotate_manager_token, manager);
}

static void an_update_rotates_what_it_names(void **state)
{
    struct api_world *w = *state;
    update(w, "");
    expect_rotated(w, false, false, false);
    update(w, "&rotateManagerUnlockKey=false&rotateWorkerToken=0&rotateManagerToken=no");
    expect_rotated(w, false, false, false);
    update(w, "&rotateManagerUnlockKey=true");
    expect_rotated(w, true, false, false);
    update(w, "&rotateManagerUnlockKey=1&rotateManagerToken=1");
    expect_rotated(w, true, false, true);
    update(w, "&rotateWorkerToken=true");
    expect_rotated(w, false, true, false);
}

static void an_update_out_of_sequence_rotates_nothing(void **state)
{
    struct api_world *w = *state;
    world_ask(w, "POST", "/swarm/update?version=999&rotateManagerUnlockKey=true", "{}");
    assert_int_equal(w->status, 500);
    assert_non_null(strstr(buf_str(&w->received), "update out of sequence"));
    w->how = (struct control_update){0};
    world_ask(w, "POST", "/swarm/update?version=x&rotateManagerUnlockKey=true", "{}");
    assert_int_equal(w->status, 400);
    assert_false(w->how.rotate_data_key);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_swarm_that_was_made_by_its_user_is_kept),
        TEST(an_empty_swarm_of_the_nodes_own_is_no_reason),
        TEST(secrets_in_it_are_spared),
        TEST(configs_in_it_are_spared),
        TEST(services_in_it_are_spared),
        TEST(a_swarm_that_cannot_be_seen_is_kept),
        TEST(an_update_rotates_what_it_names),
        TEST(an_update_out_of_sequence_rotates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
