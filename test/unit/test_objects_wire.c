/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden bytes: what stands on the wire for a message, made from the protocol's field
 * numbers by another program than ours. Each is unpacked, looked at, and packed again.
 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "objects/objects.h"
#include "swarm/ca.pb-c.h"
#include "swarm/dispatcher.pb-c.h"
#include "swarm/health.pb-c.h"
#include "swarm/logbroker.pb-c.h"

static void from_hex(const char *hex, struct buf *out)
{
    for (; *hex; hex += 2) {
        char pair[3] = {hex[0], hex[1], '\0'};
        assert_int_equal(buf_append_char(out, (char)strtoul(pair, NULL, 16)), 0);
    }
}

static ProtobufCMessage *unpack_hex(const ProtobufCMessageDescriptor *type,
                                    const char *hex)
{
    cleanup_buf struct buf wire = BUF_INIT;
    from_hex(hex, &wire);
    ProtobufCMessage *m = NULL;
    assert_int_equal(message_unpack(type, wire.data, wire.len, &m, NULL), 0);
    return m;
}

/* Packs m, expects the bytes and frees it. */
static void expect_hex(ProtobufCMessage *m, const char *hex)
{
    cleanup_buf struct buf expected = BUF_INIT;
    cleanup_buf struct buf packed = BUF_INIT;
    from_hex(hex, &expected);
    assert_int_equal(message_pack(m, &packed), 0);
    assert_int_equal(packed.len, expected.len);
    assert_memory_equal(packed.data, expected.data, expected.len);
    message_free(m);
}

static void expect_status(const Swarm__TaskStatus *status)
{
    assert_int_equal(status->timestamp->seconds, 100);
    assert_int_equal(status->timestamp->nanos, 9);
    assert_int_equal(status->state, SWARM__TASK_STATE__RUNNING);
    assert_string_equal(status->message, "started");
    assert_string_equal(status->err, "oops");
    assert_int_equal(status->runtime_status_case,
                     SWARM__TASK_STATUS__RUNTIME_STATUS_CONTAINER);
    assert_string_equal(status->container->container_id, "c1");
    assert_int_equal(status->container->pid, 42);
    assert_int_equal(status->container->exit_code, -1);
    assert_string_equal(status->applied_by, "m1");
    assert_int_equal(status->applied_at->seconds, 101);
}

static void task_status(void **state)
{
    static const char hex[] =
        "0a04086410091080041a077374617274656422046f6f70732a110a026331102a18ffffff"
        "ffffffffffff013a026d3142020865";
    Swarm__TaskStatus *m = (void *)unpack_hex(&swarm__task_status__descriptor, hex);
    expect_status(m);
    expect_hex(&m->base, hex);
}

static void expect_container(const Swarm__ContainerSpec *c)
{
    assert_string_equal(c->image, "redis");
    assert_string_equal(message_map_get(c->n_labels, c->labels, "a"), "b");
    assert_int_equal(c->n_args, 2);
    assert_string_equal(c->args[0], "x");
    assert_string_equal(c->args[1], "");
    assert_string_equal(c->pull_options->registry_auth, "auth");
    assert_int_equal(c->n_secrets, 1);
    assert_string_equal(c->secrets[0]->secret_id, "s1");
    assert_string_equal(c->secrets[0]->secret_name, "pw");
    assert_string_equal(c->secrets[0]->file->name, "pw");
    assert_int_equal(c->secrets[0]->file->mode, 0444);
    assert_true(c->init->value);
    assert_int_equal(c->pids_limit, 100);
}

static void task(void **state)
{
    static const char hex[] =
        "0a027431120a0a0208071204080110051a420a3e0a05726564697312060a016112016222"
        "0178220052078204046175746862170a027331120270771a0d0a0270771201301a013020"
        "a402ba01020801c8016448032203737663280232026e313a0a0a087765622e322e743142"
        "0d0a0377656212060a016b1201764a330a04086410091080041a07737461727465642204"
        "6f6f70732a110a026331102a18ffffffffffffffffff013a026d31420208655080057202"
        "0806";
    Swarm__Task *m = (void *)unpack_hex(&swarm__task__descriptor, hex);
    assert_string_equal(m->id, "t1");
    assert_int_equal(m->meta->version->index, 7);
    assert_int_equal(m->meta->created_at->nanos, 5);
    expect_container(m->spec->container);
    assert_int_equal(m->spec->force_update, 3);
    assert_string_equal(m->service_id, "svc");
    assert_int_equal(m->slot, 2);
    assert_string_equal(m->node_id, "n1");
    assert_string_equal(m->annotations->name, "web.2.t1");
    assert_string_equal(m->service_annotations->name, "web");
    expect_status(m->status);
    assert_int_equal(m->desired_state, SWARM__TASK_STATE__SHUTDOWN);
    assert_int_equal(m->spec_version->index, 6);
    expect_hex(&m->base, hex);
}

static void secret(void **state)
{
    static const char hex[] =
        "0a027331120a0a0208071204080110051a0f0a090a02707712030a016b120200ff2001";
    Swarm__Secret *m = (void *)unpack_hex(&swarm__secret__descriptor, hex);
    assert_string_equal(m->id, "s1");
    assert_string_equal(m->spec->annotations->name, "pw");
    assert_string_equal(m->spec->annotations->labels[0]->key, "k");
    assert_string_equal(m->spec->annotations->labels[0]->value, "");
    assert_int_equal(m->spec->data.len, 2);
    assert_memory_equal(m->spec->data.data, "\x00\xff", 2);
    assert_true(m->internal);
    expect_hex(&m->base, hex);
}

static void service(void **state)
{
    static const char hex[] =
        "0a037376631a410a050a03776562121f0a070a0572656469732a140a126e6f64652e726f"
        "6c653d3d6d616e616765721a020803320f08021202080118022d0000003f300142020801"
        "2a160801221275706461746520696e2070726f6772657373380152020808";
    Swarm__Service *m = (void *)unpack_hex(&swarm__service__descriptor, hex);
    assert_int_equal(m->spec->mode_case, SWARM__SERVICE_SPEC__MODE_REPLICATED);
    assert_int_equal(m->spec->replicated->replicas, 3);
    assert_string_equal(m->spec->task->placement->constraints[0], "node.role==manager");
    const Swarm__UpdateConfig *update = m->spec->update;
    assert_int_equal(update->parallelism, 2);
    assert_int_equal(update->delay->seconds, 1);
    assert_int_equal(update->failure_action,
                     SWARM__UPDATE_CONFIG__FAILURE_ACTION__ROLLBACK);
    assert_true(update->max_failure_ratio == 0.5F);
    assert_int_equal(update->order, SWARM__UPDATE_CONFIG__UPDATE_ORDER__START_FIRST);
    assert_int_equal(m->spec->endpoint->mode,
                     SWARM__ENDPOINT_SPEC__RESOLUTION_MODE__DNSRR);
    assert_string_equal(m->update_status->message, "update in progress");
    assert_true(m->pending_delete);
    assert_int_equal(m->spec_version->index, 8);
    expect_hex(&m->base, hex);
}

static void session_message(void **state)
{
    static const char hex[] =
        "0a047365737312040a026e311a170a130a026d31120d31302e302e302e313a3233373710"
        "0a22190a116e6574776f726b696e673a676f737369701a02010220032a0350454d";
    Swarm__SessionMessage *m =
        (void *)unpack_hex(&swarm__session_message__descriptor, hex);
    assert_string_equal(m->session_id, "sess");
    assert_string_equal(m->node->id, "n1");
    assert_string_equal(m->managers[0]->peer->node_id, "m1");
    assert_string_equal(m->managers[0]->peer->addr, "10.0.0.1:2377");
    assert_int_equal(m->managers[0]->weight, 10);
    assert_string_equal(m->network_bootstrap_keys[0]->subsystem, "networking:gossip");
    assert_int_equal(m->network_bootstrap_keys[0]->lamport_time, 3);
    assert_memory_equal(m->root_ca.data, "PEM", 3);
    expect_hex(&m->base, hex);
}

static void assignments_message(void **state)
{
    static const char hex[] =
        "08011201311a013222080a0612040a027331220a0a060a040a0274311001";
    Swarm__AssignmentsMessage *m =
        (void *)unpack_hex(&swarm__assignments_message__descriptor, hex);
    assert_int_equal(m->type, SWARM__ASSIGNMENTS_MESSAGE__TYPE__INCREMENTAL);
    assert_string_equal(m->applies_to, "1");
    assert_string_equal(m->results_in, "2");
    assert_int_equal(m->n_changes, 2);
    assert_int_equal(m->changes[0]->assignment->item_case,
                     SWARM__ASSIGNMENT__ITEM_SECRET);
    assert_string_equal(m->changes[0]->assignment->secret->id, "s1");
    assert_int_equal(m->changes[1]->assignment->item_case, SWARM__ASSIGNMENT__ITEM_TASK);
    assert_int_equal(m->changes[1]->action,
                     SWARM__ASSIGNMENT_CHANGE__ASSIGNMENT_ACTION__REMOVE);
    expect_hex(&m->base, hex);
}

static void streams_of_logs_are_not_packed(void **state)
{
    /* streams 1 and 2, follow, tail -1 */
    static const char hex[] = "08010802100118ffffffffffffffffff01";
    Swarm__LogSubscriptionOptions *m =
        (void *)unpack_hex(&swarm__log_subscription_options__descriptor, hex);
    assert_int_equal(m->n_streams, 2);
    assert_int_equal(m->streams[1], SWARM__LOG_STREAM__LOG_STREAM_STDERR);
    assert_int_equal(m->tail, -1);
    expect_hex(&m->base, hex);
}

static void fields_of_newer_managers_are_kept(void **state)
{
    /* A task with its id and one of the volumes that have no type here. */
    static const char hex[] = "0a0274318a01040a027631";
    Swarm__Task *m = (void *)unpack_hex(&swarm__task__descriptor, hex);
    assert_int_equal(m->base.n_unknown_fields, 1);
    ProtobufCMessage *copy = message_copy(&m->base);
    assert_true(message_equal(copy, &m->base));
    message_free(copy);
    expect_hex(&m->base, hex);
}

/* How deep the messages of a type can nest; fails for one that can contain itself. */
static unsigned depth(const ProtobufCMessageDescriptor *type, unsigned above)
{
    unsigned deepest = 0;
    assert_true(above < 32);
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (type->fields[i].type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        unsigned below = depth(type->fields[i].descriptor, above + 1);
        if (below > deepest)
            deepest = below;
    }
    return deepest + 1;
}

static void no_message_can_contain_itself(void **state)
{
    static const ProtobufCMessageDescriptor *const roots[] = {
        &swarm__cluster__descriptor,
        &swarm__node__descriptor,
        &swarm__service__descriptor,
        &swarm__config__descriptor,
        &swarm__session_request__descriptor,
        &swarm__session_message__descriptor,
        &swarm__assignments_message__descriptor,
        &swarm__tasks_message__descriptor,
        &swarm__update_task_status_request__descriptor,
        &swarm__node_certificate_status_response__descriptor,
        &swarm__issue_node_certificate_request__descriptor,
        &swarm__get_unlock_key_response__descriptor,
        &swarm__publish_logs_message__descriptor,
        &swarm__subscription_message__descriptor,
        &swarm__subscribe_logs_request__descriptor,
        &swarm__health_check_response__descriptor,
    };
    for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
        assert_true(depth(roots[i], 0) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(task_status),
        cmocka_unit_test(task),
        cmocka_unit_test(secret),
        cmocka_unit_test(service),
        cmocka_unit_test(session_message),
        cmocka_unit_test(assignments_message),
        cmocka_unit_test(streams_of_logs_are_not_packed),
        cmocka_unit_test(fields_of_newer_managers_are_kept),
        cmocka_unit_test(no_message_can_contain_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
