/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fault_malloc.h"
#include "secrets/accesscontrol.pb-c.h"
#include "secrets/plugins.pb-c.h"
#include "secrets/resolver.pb-c.h"
#include "wire/message_json.h"
#include "json/json.h"

static int from_json(const ProtobufCMessageDescriptor *type, const char *text, void *out,
                     struct err *e)
{
    ProtobufCMessage *m = NULL;
    int r = message_from_json(type, text, strlen(text), &m, e);
    memcpy(out, &m, sizeof(m));
    return r;
}

static void assert_reads_as(const ProtobufCMessageDescriptor *type, const char *text,
                            const char *written)
{
    cleanup_buf struct buf out = BUF_INIT;
    cleanup_message ProtobufCMessage *m = NULL;
    struct err e = {0};
    int r = from_json(type, text, &m, &e);
    assert_string_equal(e.text, "");
    assert_int_equal(r, 0);
    assert_int_equal(message_to_json(m, &out, &e), 0);
    assert_string_equal(buf_str(&out), written);
}

static void a_message_with_everything_is_the_same_both_ways(void **state)
{
    static const char envelope[] =
        "{\"id\":\"a/b\",\"value\":\"AP/+\",\"provider\":\"p\",\"version\":\"1\","
        "\"createdAt\":\"0001-01-01T00:00:00Z\","
        "\"resolvedAt\":\"2026-11-22T01:02:03.500Z\","
        "\"expiresAt\":\"9999-12-31T23:59:59.999999999Z\","
        "\"metadata\":{\"k\":\"v\",\"\":\"\\u00e4\"}}";
    cleanup_message Resolver__V1__Envelope *m = NULL;
    cleanup_buf struct buf out = BUF_INIT;
    assert_int_equal(from_json(&resolver__v1__envelope__descriptor, envelope, &m, NULL),
                     0);
    assert_int_equal(m->value.len, 3);
    assert_memory_equal(m->value.data, "\0\xff\xfe", 3);
    assert_int_equal(m->created_at->seconds, -62135596800);
    assert_int_equal(m->resolved_at->seconds, 1795309323);
    assert_int_equal(m->resolved_at->nanos, 500000000);
    assert_int_equal(m->n_metadata, 2);
    assert_int_equal(message_to_json(&m->base, &out, NULL), 0);
    cleanup_message ProtobufCMessage *again = NULL;
    cleanup_buf struct buf a = BUF_INIT, b = BUF_INIT;
    assert_int_equal(
        from_json(&resolver__v1__envelope__descriptor, out.data, &again, NULL), 0);
    assert_int_equal(message_pack(&m->base, &a), 0);
    assert_int_equal(message_pack(again, &b), 0);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
}

static void the_mapping_is_protobufs(void **state)
{
    const ProtobufCMessageDescriptor *envelope = &resolver__v1__envelope__descriptor;
    assert_reads_as(envelope, "{}", "{}");
    assert_reads_as(envelope, "{\"id\":\"\",\"metadata\":{},\"value\":\"\"}", "{}");
    assert_reads_as(envelope, "{\"id\":null,\"nobody\":[1,{}],\"created_at\":null}",
                    "{}");
    assert_reads_as(envelope, "{\"value\":\"__-_\"}", "{\"value\":\"//+/\"}");
    assert_reads_as(envelope, "{\"value\":\"_w\"}", "{\"value\":\"/w==\"}");
    assert_reads_as(envelope, "{\"value\":\"/w==\"}", "{\"value\":\"/w==\"}");
    assert_reads_as(envelope, "{\"created_at\":\"2026-11-22T02:02:03+01:00\"}",
                    "{\"createdAt\":\"2026-11-22T01:02:03Z\"}");
    assert_reads_as(envelope, "{\"createdAt\":\"2024-02-29t00:00:00.000001z\"}",
                    "{\"createdAt\":\"2024-02-29T00:00:00.000001Z\"}");
    assert_reads_as(&plugins__v1__register_plugin_response__descriptor,
                    "{\"requestTimeout\":\"5s\"}", "{\"requestTimeout\":\"5s\"}");
    assert_reads_as(&plugins__v1__register_plugin_response__descriptor,
                    "{\"requestTimeout\":\"-0.5s\"}", "{\"requestTimeout\":\"-0.500s\"}");
    assert_reads_as(&plugins__v1__plugin__descriptor,
                    "{\"runStatus\":\"RUN_STATUS_CRASHED\",\"disabled\":true,"
                    "\"secretsProvider\":{\"pattern\":\"**\"}}",
                    "{\"disabled\":true,\"runStatus\":\"RUN_STATUS_CRASHED\","
                    "\"secretsProvider\":{\"pattern\":\"**\"}}");
    assert_reads_as(&plugins__v1__plugin__descriptor, "{\"runStatus\":2}",
                    "{\"runStatus\":\"RUN_STATUS_STOPPED\"}");
    assert_reads_as(&plugins__v1__plugin__descriptor, "{\"runStatus\":77}",
                    "{\"runStatus\":77}");
    assert_reads_as(&accesscontrol__v1__signer__descriptor, "{\"rekorLogIndex\":12}",
                    "{\"rekorLogIndex\":\"12\"}");
    assert_reads_as(&accesscontrol__v1__signer__descriptor,
                    "{\"rekorLogIndex\":\"-9223372036854775808\"}",
                    "{\"rekorLogIndex\":\"-9223372036854775808\"}");
    assert_reads_as(&accesscontrol__v1__authorize_request__descriptor,
                    "{\"patterns\":[\"a\",\"\"],\"requester\":{\"pid\":\"7\","
                    "\"linux\":{\"signers\":[{}]}}}",
                    "{\"patterns\":[\"a\",\"\"],\"requester\":{\"pid\":7,"
                    "\"linux\":{\"signers\":[{}]}}}");
}

struct bad {
    const char *text, *words;
};

static void what_does_not_fit_is_refused_by_its_name(void **state)
{
    static const struct bad envelopes[] = {
        {"[]", "must be an object"},
        {"{", "unexpected EOF"},
        {"{\"id\":1}", "id: must be a string"},
        {"{\"value\":\"a\"}", "value: illegal base64 data at input byte 1"},
        {"{\"value\":\"a*==\"}", "value: illegal base64 data at input byte 1"},
        {"{\"metadata\":[]}", "metadata: must be an object"},
        {"{\"metadata\":{\"a\":null}}", "metadata: must be a string"},
        {"{\"createdAt\":\"now\"}", "createdAt: must be a time as RFC 3339 has it"},
        {"{\"createdAt\":\"2023-02-29T00:00:00Z\"}",
         "createdAt: must be a time as RFC 3339 has it"},
        {"{\"createdAt\":\"0001-01-01T00:00:00+01:00\"}",
         "createdAt: must be a time as RFC 3339 has it"},
        {"{\"createdAt\":\"2023-02-28T00:00:00.Z\"}",
         "createdAt: must be a time as RFC 3339 has it"},
        {"{\"createdAt\":\"2023-02-28T24:00:00Z\"}",
         "createdAt: must be a time as RFC 3339 has it"},
        {"{\"createdAt\":\"0001-01-01T00:00:00Z\",\"created_at\":null}",
         "createdAt: is given twice"},
    };
    static const struct bad plugins[] = {
        {"{\"disabled\":\"true\"}", "disabled: must be true or false"},
        {"{\"runStatus\":\"GONE\"}", "runStatus: must be one of the names of its type"},
        {"{\"runStatus\":4294967296}", "runStatus: must be a number in range"},
        {"{\"secretsProvider\":{},\"accessControlModule\":{}}",
         "accessControlModule: another choice is given already"},
        {"{\"secretsProvider\":{\"pattern\":[]}}",
         "secretsProvider: pattern: must be a string"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(envelopes) + ARRAY_SIZE(plugins); i++) {
        bool is_plugin = i >= ARRAY_SIZE(envelopes);
        const struct bad *b =
            is_plugin ? &plugins[i - ARRAY_SIZE(envelopes)] : &envelopes[i];
        ProtobufCMessage *m = NULL;
        struct err e = {0};
        assert_int_equal(from_json(is_plugin ? &plugins__v1__plugin__descriptor
                                             : &resolver__v1__envelope__descriptor,
                                   b->text, &m, &e),
                         ERR_INVALID_ARGUMENT);
        assert_string_equal(e.text, b->words);
    }
}

static void what_json_cannot_say_is_refused(void **state)
{
    cleanup_buf struct buf out = BUF_INIT;
    Resolver__V1__Envelope m = RESOLVER__V1__ENVELOPE__INIT;
    char bad[] = "\xff";
    m.id = bad;
    assert_int_equal(message_to_json(&m.base, &out, NULL), ERR_INVALID_ARGUMENT);
    Google__Protobuf__Timestamp t = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    t.seconds = INT64_MAX;
    m = (Resolver__V1__Envelope)RESOLVER__V1__ENVELOPE__INIT;
    m.created_at = &t;
    assert_int_equal(message_to_json(&m.base, &out, NULL), ERR_INVALID_ARGUMENT);
    assert_int_equal(out.len, 0);
}

/* Each day of 800 years is what it is called, and one after the other. */
static void the_calendar_is_right(void **state)
{
    cleanup_buf struct buf text = BUF_INIT;
    Resolver__V1__Envelope m = RESOLVER__V1__ENVELOPE__INIT;
    Google__Protobuf__Timestamp t = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    m.created_at = &t;
    for (int64_t day = -719162; day < 2932897; day += 97) {
        cleanup_message Resolver__V1__Envelope *again = NULL;
        t.seconds = day * 86400 + 86399;
        buf_reset(&text);
        assert_int_equal(message_to_json(&m.base, &text, NULL), 0);
        assert_int_equal(
            from_json(&resolver__v1__envelope__descriptor, text.data, &again, NULL), 0);
        assert_int_equal(again->created_at->seconds, t.seconds);
    }
    t.seconds = 951782400;
    buf_reset(&text);
    assert_int_equal(message_to_json(&m.base, &text, NULL), 0);
    assert_string_equal(text.data, "{\"createdAt\":\"2000-02-29T00:00:00Z\"}");
}

static bool contains(const ProtobufCMessageDescriptor *type,
                     const ProtobufCMessageDescriptor *wanted, unsigned depth)
{
    assert_true(depth < 32);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &type->fields[i];
        if (f->type == PROTOBUF_C_TYPE_MESSAGE &&
            (f->descriptor == wanted || contains(f->descriptor, wanted, depth + 1)))
            return true;
    }
    return false;
}

static void no_message_contains_itself(void **state)
{
    const ProtobufCMessageDescriptor *const types[] = {
        &resolver__v1__get_secrets_response__descriptor,
        &resolver__v1__authorize_response__descriptor,
        &plugins__v1__register_plugin_request__descriptor,
        &plugins__v1__list_plugins_response__descriptor,
        &accesscontrol__v1__authorize_request__descriptor,
        &accesscontrol__v1__authorize_response__descriptor,
    };
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        assert_false(contains(types[i], types[i], 0));
}

static int there_and_back(void *user)
{
    static const char text[] =
        "{\"patterns\":[\"a\",\"b\"],\"requester\":{\"pid\":7,\"name\":\"n\","
        "\"linux\":{\"signers\":[{\"integratedTime\":\"2026-11-22T01:02:03Z\"}]}}}";
    static const char secret[] =
        "{\"envelopes\":[{\"value\":\"AAAA\",\"metadata\":{\"a\":\"b\",\"c\":\"d\"}}]}";
    cleanup_message ProtobufCMessage *m = NULL, *other = NULL;
    cleanup_buf struct buf out = BUF_INIT;
    int r = from_json(&accesscontrol__v1__authorize_request__descriptor, text, &m, NULL);
    if (!r)
        r = message_to_json(m, &out, NULL);
    if (!r)
        r = from_json(&resolver__v1__get_secrets_response__descriptor, secret, &other,
                      NULL);
    if (!r)
        r = message_to_json(other, &out, NULL);
    return r;
}

static void every_lack_of_memory_is_told(void **state)
{
    assert_true(fault_malloc_each(there_and_back, NULL) > 30);
}

static int setup(void **state)
{
    json_setup();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_with_everything_is_the_same_both_ways),
        cmocka_unit_test(the_mapping_is_protobufs),
        cmocka_unit_test(what_does_not_fit_is_refused_by_its_name),
        cmocka_unit_test(what_json_cannot_say_is_refused),
        cmocka_unit_test(the_calendar_is_right),
        cmocka_unit_test(no_message_contains_itself),
        cmocka_unit_test(every_lack_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
