/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/address.h"
#include "daemon/node_state.h"
#include "fault_malloc.h"
#include "json/json.h"

#define NODE "aaaaaaaaaaaaaaaaaaaaaaaaa"
#define CLUSTER "bbbbbbbbbbbbbbbbbbbbbbbbb"

struct fixture {
    char folder[64];
    char path[80];
    struct err err;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    *state = f;
    strcpy_cut(f->folder, sizeof(f->folder), "/tmp/coffer-node-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof(f->path), "%s/node.json", f->folder);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    unlink(f->path);
    rmdir(f->folder);
    free(f);
    return 0;
}

static void no_file_is_a_fresh_node(void **state)
{
    struct fixture *f = *state;
    struct node_state s;
    assert_int_equal(node_state_load(f->path, &s, &f->err), 0);
    assert_int_equal(s.membership, NODE_FRESH);
}

static void what_is_saved_is_loaded(void **state)
{
    struct fixture *f = *state;
    struct node_state s, saved = {.membership = NODE_MEMBER,
                                  .is_auto = true,
                                  .node_id = NODE,
                                  .cluster_id = CLUSTER,
                                  .manager_addr = "10.0.0.1:2377"};
    assert_int_equal(node_state_save(f->path, &saved, &f->err), 0);
    assert_int_equal(node_state_load(f->path, &s, &f->err), 0);
    assert_int_equal(s.membership, NODE_MEMBER);
    assert_true(s.is_auto);
    assert_string_equal(s.node_id, NODE);
    assert_string_equal(s.cluster_id, CLUSTER);
    assert_string_equal(s.manager_addr, "10.0.0.1:2377");
}

static void a_node_that_left_needs_no_ids(void **state)
{
    struct fixture *f = *state;
    struct node_state s, left = {.membership = NODE_LEFT};
    assert_int_equal(node_state_save(f->path, &left, &f->err), 0);
    assert_int_equal(node_state_load(f->path, &s, &f->err), 0);
    assert_int_equal(s.membership, NODE_LEFT);
}

static void former_nodes_are_kept_in_order_until_they_are_dropped(void **state)
{
    struct fixture *f = *state;
    struct node_state s = {.membership = NODE_LEFT};
    for (int i = 0; i < NODE_FORMER_MAX; i++)
        assert_true(node_state_add_former(&s, i ? CLUSTER : NODE));
    assert_false(node_state_add_former(&s, NODE));
    assert_int_equal(node_state_save(f->path, &s, &f->err), 0);
    assert_int_equal(node_state_load(f->path, &s, &f->err), 0);
    assert_string_equal(s.former[0], NODE);
    assert_string_equal(s.former[NODE_FORMER_MAX - 1], CLUSTER);
    node_state_drop_former(&s);
    assert_string_equal(s.former[0], CLUSTER);
    assert_string_equal(s.former[NODE_FORMER_MAX - 1], "");
}

static void damage_is_named_with_its_file(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{\"version\":1}",
        "{\"version\":2,\"membership\":\"left\",\"auto\":false,\"node\":\"\",\"cluster\":"
        "\"\","
        "\"manager-addr\":\"\"}",
        "{\"version\":1,\"membership\":\"guest\",\"auto\":false,\"node\":\"\","
        "\"cluster\":"
        "\"\",\"manager-addr\":\"\"}",
        ("{\"version\":1,\"membership\":\"member\",\"auto\":false,\"node\":\"short\","
         "\"cluster\":\"\",\"manager-addr\":\"\"}"),
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct node_state s;
        assert_int_equal(file_replace(f->path, 0600, texts[i], strlen(texts[i]), &f->err),
                         0);
        assert_int_equal(node_state_load(f->path, &s, &f->err), ERR_DATA_LOSS);
        assert_non_null(strstr(err_text(&f->err), f->path));
    }
}

static int load(void *user)
{
    struct node_state s;
    return node_state_load(user, &s, NULL);
}

static int save(void *user)
{
    const struct node_state s = {.membership = NODE_MEMBER,
                                 .node_id = NODE,
                                 .cluster_id = CLUSTER,
                                 .manager_addr = "10.0.0.1:2377"};
    return node_state_save(user, &s, NULL);
}

/* What has no memory is not taken for damage. */
static void each_allocation_may_fail(void **state)
{
    struct fixture *f = *state;
    assert_true(fault_malloc_each(save, f->path) > 5);
    assert_true(fault_malloc_each(load, f->path) > 5);
}

static void damage_is_told_with_the_member(void **state)
{
    struct fixture *f = *state;
    struct node_state s;
    const char text[] = "{\"version\":1,\"membership\":\"left\",\"auto\":0}";
    assert_int_equal(file_replace(f->path, 0600, text, strlen(text), &f->err), 0);
    assert_int_equal(node_state_load(f->path, &s, &f->err), ERR_DATA_LOSS);
    assert_non_null(strstr(err_text(&f->err), "auto: must be true or false"));
}

static void an_address_gets_the_swarm_s_port(void **state)
{
    static const struct {
        const char *said, *meant;
    } cases[] = {
        {"10.1.2.3", "10.1.2.3:2377"}, {"10.1.2.3:99", "10.1.2.3:99"},
        {"fd00::1", "[fd00::1]:2377"}, {"[fd00::1]:99", "[fd00::1]:99"},
        {"lo", "127.0.0.1:2377"},      {"lo:99", "127.0.0.1:99"},
    };
    struct fixture *f = *state;
    char out[64];
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(address_resolve(cases[i].said, out, sizeof(out), &f->err), 0);
        assert_string_equal(out, cases[i].meant);
    }
}

static void what_is_no_address_is_refused_in_docker_s_words(void **state)
{
    static const char *const said[] = {"0.0.0.0",   "::",        "nosuch0",
                                       "1.2.3.4:0", "1.2.3.4:x", "1.2.3.4:70000",
                                       "[fd00::1",  "1.2.3.4.5"};
    struct fixture *f = *state;
    char out[64];
    for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
        assert_int_equal(address_resolve(said[i], out, sizeof(out), &f->err),
                         ERR_INVALID_ARGUMENT);
        assert_string_equal(err_text(&f->err),
                            "advertise address must be a non-zero IP address or network "
                            "interface (with optional port number)");
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(no_file_is_a_fresh_node),
        TEST(what_is_saved_is_loaded),
        TEST(a_node_that_left_needs_no_ids),
        TEST(former_nodes_are_kept_in_order_until_they_are_dropped),
        TEST(damage_is_named_with_its_file),
        TEST(damage_is_told_with_the_member),
        TEST(each_allocation_may_fail),
        TEST(an_address_gets_the_swarm_s_port),
        TEST(what_is_no_address_is_refused_in_docker_s_words),
    };
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
