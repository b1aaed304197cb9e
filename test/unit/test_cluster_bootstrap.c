/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster_fixture.h"

#include "cluster/bootstrap.h"
#include "cluster/ca_key.h"

#define NOW (1700000000 * CLOCK_SECOND)

static int set_up(void **state)
{
    struct site *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    site_open(s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    site_close(*state);
    free(*state);
    return 0;
}

static void a_new_cluster_has_its_authority_tokens_and_one_node(void **state)
{
    struct site *s = *state;
    struct bootstrap b;
    assert_int_equal(bootstrap_init(&b, NULL, "10.0.0.1:2377", NOW, &s->err), 0);
    b.keys = s->keys;
    assert_int_equal(site_propose(s, bootstrap_run, &b), 0);
    const Swarm__Cluster *c = store_cluster(store_view(s->store));
    assert_non_null(c);
    assert_true(object_id_is_valid(c->id));
    assert_string_equal(c->spec->annotations->name, "default");
    assert_true(token_is_valid(c->root_ca->join_tokens->worker));
    assert_true(token_fits_root(c->root_ca->join_tokens->manager,
                                c->root_ca->ca_cert.data, c->root_ca->ca_cert.len));
    assert_string_not_equal(c->root_ca->join_tokens->worker,
                            c->root_ca->join_tokens->manager);
    assert_int_equal(c->subnet_size, 24);
    assert_int_equal(c->vxlan_udp_port, 4789);
    const Swarm__Node *n = site_get(s, OBJECT_NODE, b.node_id)->node;
    assert_int_equal(n->role, SWARM__NODE_ROLE__MANAGER);
    assert_int_equal(n->spec->availability, SWARM__NODE_SPEC__AVAILABILITY__ACTIVE);
    assert_int_equal(n->spec->membership, SWARM__NODE_SPEC__MEMBERSHIP__ACCEPTED);
    assert_true(n->manager_status->leader);
    assert_string_equal(n->manager_status->addr, "10.0.0.1:2377");
    assert_string_equal(n->certificate->cn, b.node_id);
    assert_int_equal(store_count(store_view(s->store), OBJECT_NODE), 1);
    bootstrap_deinit(&b);
}

static void the_key_of_the_authority_is_sealed(void **state)
{
    struct site *s = *state;
    struct bootstrap b;
    cleanup_buf struct buf opened = BUF_INIT;
    assert_int_equal(bootstrap_init(&b, NULL, "10.0.0.1:2377", NOW, &s->err), 0);
    b.keys = s->keys;
    assert_int_equal(site_propose(s, bootstrap_run, &b), 0);
    const Swarm__Cluster *c = store_cluster(store_view(s->store));
    const ProtobufCBinaryData *key = &c->root_ca->ca_key;
    assert_true(keyring_is_current(s->keys, key->data, key->len));
    assert_null(memmem(key->data, key->len, "PRIVATE KEY", 11));
    assert_int_equal(ca_key_open(s->keys, c, &opened, &s->err), 0);
    assert_string_equal(buf_str(&opened), buf_str(&b.root.key_pem));
    bootstrap_deinit(&b);
}

static void a_given_spec_and_availability_are_kept(void **state)
{
    struct site *s = *state;
    struct bootstrap b;
    Swarm__ClusterSpec *spec = world_new(&swarm__cluster_spec__descriptor);
    spec->dispatcher = world_new(&swarm__dispatcher_config__descriptor);
    world_duration(&spec->dispatcher->heartbeat_period, 7 * CLOCK_SECOND);
    assert_int_equal(bootstrap_init(&b, spec, "10.0.0.1:2377", NOW, &s->err), 0);
    b.availability = SWARM__NODE_SPEC__AVAILABILITY__DRAIN;
    b.keys = s->keys;
    assert_int_equal(site_propose(s, bootstrap_run, &b), 0);
    const Swarm__Cluster *c = store_cluster(store_view(s->store));
    assert_int_equal(message_duration(c->spec->dispatcher->heartbeat_period, 0),
                     7 * CLOCK_SECOND);
    assert_int_equal(message_duration(c->spec->ca_config->node_cert_expiry, 0),
                     DEFAULT_NODE_CERT_EXPIRY);
    assert_int_equal(site_get(s, OBJECT_NODE, b.node_id)->node->spec->availability,
                     SWARM__NODE_SPEC__AVAILABILITY__DRAIN);
    bootstrap_deinit(&b);
}

static void there_is_only_one_cluster(void **state)
{
    struct site *s = *state;
    struct bootstrap b;
    assert_int_equal(bootstrap_init(&b, NULL, "10.0.0.1:2377", NOW, &s->err), 0);
    b.keys = s->keys;
    assert_int_equal(site_propose(s, bootstrap_run, &b), 0);
    assert_int_equal(site_propose(s, bootstrap_run, &b), ERR_ALREADY_EXISTS);
    assert_int_equal(store_count(store_view(s->store), OBJECT_NODE), 1);
    bootstrap_deinit(&b);
}

static void two_clusters_share_nothing(void **state)
{
    struct bootstrap a, b;
    assert_int_equal(bootstrap_init(&a, NULL, "10.0.0.1:2377", NOW, NULL), 0);
    assert_int_equal(bootstrap_init(&b, NULL, "10.0.0.1:2377", NOW, NULL), 0);
    assert_string_not_equal(a.cluster_id, b.cluster_id);
    assert_string_not_equal(a.node_id, b.node_id);
    assert_string_not_equal(buf_str(&a.root.key_pem), buf_str(&b.root.key_pem));
    bootstrap_deinit(&a);
    bootstrap_deinit(&a);
    bootstrap_deinit(&b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_new_cluster_has_its_authority_tokens_and_one_node),
        TEST(the_key_of_the_authority_is_sealed),
        TEST(a_given_spec_and_availability_are_kept),
        TEST(there_is_only_one_cluster),
        TEST(two_clusters_share_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
