/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fault_malloc.h"
#include "secrets/plugins.pb-c.h"
#include "secrets/resolver.pb-c.h"
#include "wire/connect.h"
#include "wire/gzip.h"
#include "wire/message.h"
#include "wire/unary.h"
#include "wire/yamux.h"
#include "wire_capture.h"

#define GO_AGENT "connect-go/1.19.1 (go1.26.10)"

/* Reads one message that is all of `bytes`, in pieces. */
static void read_whole(struct unary *u, const struct buf *bytes, size_t step)
{
    for (size_t at = 0; at < bytes->len; at += step) {
        size_t n = bytes->len - at < step ? bytes->len - at : step, used;
        assert_false(u->is_complete);
        assert_int_equal(unary_feed(u, bytes->data + at, n, &used, NULL), 0);
        assert_int_equal(used, n);
    }
    assert_true(u->is_complete);
}

static void read_text(struct unary *u, const char *text)
{
    size_t used;
    assert_int_equal(unary_feed(u, text, strlen(text), &used, NULL), 0);
    assert_int_equal(used, strlen(text));
    assert_true(u->is_complete);
}

/* ---- recorded exchanges ---- */

struct recorded_call {
    const char *name, *procedure, *body;
};

static void calls_are_byte_for_byte_those_of_the_go_client(void **state)
{
    static const struct recorded_call calls[] = {
        {"cap.1.c2s", "/health.v1.VersionService/GetVersion", ""},
        {"cap.2.c2s", "/resolver.v1.ResolverService/GetSecrets", "\n\vmyrealm/foo"},
        {"cap.4.c2s", "/resolver.v1.ResolverService/GetSecrets", "\n\bnosuch/x"},
        {"cap.5.c2s", "/resolver.v1.AuthorizerService/Authorize", "\n\1a\n\1b"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        cleanup_buf struct buf wanted = BUF_INIT, out = BUF_INIT;
        struct connect_call c = {.procedure = calls[i].procedure,
                                 .host = "unix",
                                 .user_agent = GO_AGENT,
                                 .accepts_gzip = true};
        capture_read(calls[i].name, &wanted);
        assert_int_equal(
            connect_write_call(&c, calls[i].body, strlen(calls[i].body), &out, NULL), 0);
        assert_string_equal(out.data, wanted.data);
        assert_int_equal(out.len, wanted.len);
    }
}

static void a_recorded_call_is_read(void **state)
{
    cleanup_buf struct buf bytes = BUF_INIT;
    cleanup_connect_request struct connect_request r = {0};
    cleanup_unary struct unary u;
    capture_read("cap.2.c2s", &bytes);
    unary_init(&u, HTTP_REQUEST, CONNECT_MESSAGE_MAX);
    read_whole(&u, &bytes, 3);
    assert_int_equal(connect_refusal(&u.reader.head), 0);
    assert_int_equal(
        connect_read_request(&u.reader.head, &u.body, CONNECT_MESSAGE_MAX, &r, NULL), 0);
    assert_int_equal(r.codec, CONNECT_PROTO);
    assert_true(r.accepts_gzip);
    assert_int_equal(r.timeout, 0);
    ProtobufCMessage *m = NULL;
    assert_int_equal(message_unpack(&resolver__v1__get_secrets_request__descriptor,
                                    r.message.data, r.message.len, &m, NULL),
                     0);
    assert_string_equal(((Resolver__V1__GetSecretsRequest *)(void *)m)->pattern,
                        "myrealm/foo");
    message_free(m);
}

/* Reads a recorded answer, up to its message. */
static int read_answer(const char *name, struct buf *message, struct err *e)
{
    cleanup_buf struct buf bytes = BUF_INIT;
    cleanup_unary struct unary u;
    capture_read(name, &bytes);
    unary_init(&u, HTTP_RESPONSE, CONNECT_MESSAGE_MAX);
    read_whole(&u, &bytes, 7);
    return connect_read_answer(&u.reader.head, &u.body, CONNECT_PROTO, message, e);
}

static void a_recorded_secret_is_read_and_packs_to_the_same_bytes(void **state)
{
    cleanup_buf struct buf message = BUF_INIT, again = BUF_INIT;
    ProtobufCMessage *m = NULL;
    assert_int_equal(read_answer("cap.2.s2c", &message, NULL), 0);
    assert_int_equal(message_unpack(&resolver__v1__get_secrets_response__descriptor,
                                    message.data, message.len, &m, NULL),
                     0);
    Resolver__V1__GetSecretsResponse *answer = (void *)m;
    assert_int_equal(answer->n_envelopes, 1);
    Resolver__V1__Envelope *envelope = answer->envelopes[0];
    assert_string_equal(envelope->id, "myrealm/foo");
    assert_string_equal(envelope->provider, "ext-one");
    assert_int_equal(envelope->expires_at->seconds, -62135596800);
    assert_int_equal(message_pack(m, &again), 0);
    assert_int_equal(again.len, message.len);
    assert_memory_equal(again.data, message.data, again.len);
    message_free(m);
}

static void a_recorded_grant_is_read(void **state)
{
    cleanup_buf struct buf message = BUF_INIT;
    ProtobufCMessage *m = NULL;
    assert_int_equal(read_answer("cap.5.s2c", &message, NULL), 0);
    assert_int_equal(message_unpack(&resolver__v1__authorize_response__descriptor,
                                    message.data, message.len, &m, NULL),
                     0);
    assert_int_equal(((Resolver__V1__AuthorizeResponse *)(void *)m)->decision,
                     RESOLVER__V1__DECISION__DECISION_ALLOW);
    message_free(m);
}

static void a_recorded_error_is_read_and_written(void **state)
{
    cleanup_buf struct buf message = BUF_INIT, wanted = BUF_INIT, out = BUF_INIT;
    struct err e = {0};
    assert_int_equal(read_answer("cap.4.s2c", &message, &e), ERR_NOT_FOUND);
    assert_string_equal(e.text, "secret not found");
    struct connect_reply o = {.date = "Sun, 22 Nov 2026 00:56:34 GMT"};
    capture_read("cap.4.s2c", &wanted);
    assert_int_equal(
        connect_write_error(&o, ERR_NOT_FOUND, "secret not found", &out, NULL), 0);
    assert_string_equal(out.data, wanted.data);
}

static void an_answer_is_what_the_go_server_writes_but_for_its_compressor(void **state)
{
    cleanup_buf struct buf wanted = BUF_INIT, out = BUF_INIT, message = BUF_INIT;
    cleanup_unary struct unary u;
    struct connect_request to = {.accepts_gzip = true};
    struct connect_reply o = {.date = "Sun, 22 Nov 2026 00:56:34 GMT", .is_gzip = true};
    capture_read("cap.1.s2c", &wanted);
    assert_int_equal(read_answer("cap.1.s2c", &message, NULL), 0);
    assert_int_equal(connect_write_answer(&to, &o, message.data, message.len, &out, NULL),
                     0);
    size_t until_length = (size_t)(strstr(wanted.data, "Content-Length") - wanted.data);
    assert_memory_equal(out.data, wanted.data, until_length);
    unary_init(&u, HTTP_RESPONSE, CONNECT_MESSAGE_MAX);
    read_whole(&u, &out, 1);
    cleanup_buf struct buf again = BUF_INIT;
    assert_int_equal(
        connect_read_answer(&u.reader.head, &u.body, CONNECT_PROTO, &again, NULL), 0);
    assert_string_equal(again.data, message.data);
}

/* ---- a recorded plugin ---- */

/* What the other side of a recorded session sent on stream 1, which we open if we are the
 * client. */
static void read_stream(enum yamux_role role, const char *name, struct buf *out)
{
    cleanup_yamux struct yamux *y = yamux_new(role, 0);
    cleanup_buf struct buf session = BUF_INIT;
    struct yamux_stream *s = NULL;
    unsigned events = 0;
    assert_non_null(y);
    capture_read(name, &session);
    buf_consume(&session, capture_head_size(&session));
    if (role == YAMUX_CLIENT)
        assert_int_equal(yamux_stream_open(y, &s, NULL), 0);
    assert_int_equal(yamux_feed(y, session.data, 12, NULL), 0);
    if (!s)
        s = yamux_next(y, &events);
    assert_non_null(s);
    assert_int_equal(yamux_stream_id(s), 1);
    for (size_t at = 12; !(events & YAMUX_FINISHED); at++) {
        assert_true(at < session.len);
        assert_int_equal(yamux_feed(y, session.data + at, 1, NULL), 0);
        while (yamux_next(y, &events) && !(events & YAMUX_FINISHED))
            ;
    }
    assert_int_equal(yamux_stream_read(s, out, NULL), 0);
}

static void a_recorded_plugin_registers(void **state)
{
    cleanup_buf struct buf bytes = BUF_INIT;
    cleanup_connect_request struct connect_request r = {0};
    cleanup_message ProtobufCMessage *m = NULL;
    cleanup_unary struct unary u;
    read_stream(YAMUX_SERVER, "cap.0.c2s", &bytes);
    unary_init(&u, HTTP_REQUEST, CONNECT_MESSAGE_MAX);
    read_whole(&u, &bytes, 11);
    assert_string_equal(u.reader.head.target,
                        "/plugins.v1.RegisterService/RegisterPlugin");
    assert_int_equal(
        connect_read_request(&u.reader.head, &u.body, CONNECT_MESSAGE_MAX, &r, NULL), 0);
    assert_int_equal(r.timeout, 4999 * CLOCK_MILLISECOND);
    assert_int_equal(message_unpack(&plugins__v1__register_plugin_request__descriptor,
                                    r.message.data, r.message.len, &m, NULL),
                     0);
    Plugins__V1__RegisterPluginRequest *q = (void *)m;
    assert_string_equal(q->name, "ext-one");
    assert_string_equal(q->version, "v0.0.1");
    assert_int_equal(q->metadata_case,
                     PLUGINS__V1__REGISTER_PLUGIN_REQUEST__METADATA_SECRETS_PROVIDER);
    assert_string_equal(q->secrets_provider->pattern, "myrealm/**");
}

static void a_recorded_engine_greets_its_plugin(void **state)
{
    cleanup_buf struct buf bytes = BUF_INIT, message = BUF_INIT;
    cleanup_message ProtobufCMessage *m = NULL;
    cleanup_unary struct unary u;
    read_stream(YAMUX_CLIENT, "cap.0.s2c", &bytes);
    unary_init(&u, HTTP_RESPONSE, CONNECT_MESSAGE_MAX);
    read_whole(&u, &bytes, 5);
    assert_int_equal(
        connect_read_answer(&u.reader.head, &u.body, CONNECT_PROTO, &message, NULL), 0);
    assert_int_equal(message_unpack(&plugins__v1__register_plugin_response__descriptor,
                                    message.data, message.len, &m, NULL),
                     0);
    Plugins__V1__RegisterPluginResponse *a = (void *)m;
    assert_string_equal(a->engine_name, "mini");
    assert_string_equal(a->engine_version, "v0.0.1");
    assert_non_null(a->request_timeout);
}

/* ---- what others may send ---- */

static int read_request(const char *headers, const char *body, struct connect_request *r,
                        struct err *e)
{
    cleanup_unary struct unary u;
    cleanup_buf struct buf text = BUF_INIT;
    unary_init(&u, HTTP_REQUEST, CONNECT_MESSAGE_MAX);
    assert_int_equal(buf_printf(&text,
                                "POST /a.B/C HTTP/1.1\r\nContent-Length: %zu\r\n%s\r\n%s",
                                strlen(body), headers, body),
                     0);
    read_text(&u, text.data);
    return connect_read_request(&u.reader.head, &u.body, CONNECT_MESSAGE_MAX, r, e);
}

static void headers_of_requests_are_checked(void **state)
{
    static const char *const cases[][2] = {
        {"Content-Type: application/proto\r\n", NULL},
        {"Content-Type: application/proto\r\nConnect-Protocol-Version: 1\r\n", NULL},
        {"Content-Type: application/proto\r\nConnect-Protocol-Version: 2\r\n",
         "connect-protocol-version must be \"1\": got \"2\""},
        {"Content-Type: application/proto\r\nConnect-Timeout-Ms: 12345678901\r\n",
         "parse timeout: \"12345678901\" has >10 digits"},
        {"Content-Type: application/proto\r\nConnect-Timeout-Ms: 1s\r\n",
         "parse timeout: \"1s\" is no number"},
        {"Content-Type: application/proto\r\nContent-Encoding: br\r\n",
         "unknown compression \"br\": supported encodings are gzip"},
        {"Content-Type: application/proto\r\nContent-Encoding: gzip\r\n",
         "decompress: malformed gzip data"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup_connect_request struct connect_request r = {0};
        struct err e = {0};
        int code = read_request(cases[i][0], "x", &r, &e);
        assert_string_equal(e.text, cases[i][1] ? cases[i][1] : "");
        assert_int_equal(!code, !cases[i][1]);
    }
}

static void a_timeout_is_read(void **state)
{
    cleanup_connect_request struct connect_request r = {0};
    static const char type[] = "Content-Type: application/json; charset=utf-8\r\n";
    cleanup_buf struct buf headers = BUF_INIT;
    assert_int_equal(buf_printf(&headers, "%sConnect-Timeout-Ms: 4999\r\n", type), 0);
    assert_int_equal(read_request(headers.data, "{}", &r, NULL), 0);
    assert_int_equal(r.timeout, 4999 * CLOCK_MILLISECOND);
    assert_int_equal(r.codec, CONNECT_JSON);
    assert_string_equal(r.message.data, "{}");
    buf_reset(&headers);
    assert_int_equal(buf_printf(&headers, "%sConnect-Timeout-Ms: 0\r\n", type), 0);
    assert_int_equal(read_request(headers.data, "{}", &r, NULL), 0);
    assert_int_equal(r.timeout, 1);
}

static void refusals_are_plain_http(void **state)
{
    static const char *const requests[] = {
        "GET /a HTTP/1.1\r\n\r\n",
        "POST /a HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n",
        "POST /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    };
    static const int statuses[] = {405, 415, 415};
    static const char *const answers[] = {
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Length: 19\r\n\r\n404 page not found\n",
        "HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 415 Unsupported Media Type\r\nAccept-Post: application/json, "
        "application/json; charset=utf-8, application/proto\r\nContent-Length: 0\r\n\r\n",
    };
    static const int answered[] = {404, 405, 415};
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        cleanup_unary struct unary u;
        unary_init(&u, HTTP_REQUEST, 10);
        read_text(&u, requests[i]);
        assert_int_equal(connect_refusal(&u.reader.head), statuses[i]);
        cleanup_buf struct buf out = BUF_INIT;
        struct connect_reply o = {0};
        assert_int_equal(connect_write_refusal(&o, answered[i], &out, NULL), 0);
        assert_string_equal(out.data, answers[i]);
    }
}

static int answer_of(const char *text, struct err *e)
{
    cleanup_unary struct unary u;
    cleanup_buf struct buf message = BUF_INIT;
    unary_init(&u, HTTP_RESPONSE, CONNECT_MESSAGE_MAX);
    read_text(&u, text);
    return connect_read_answer(&u.reader.head, &u.body, CONNECT_PROTO, &message, e);
}

struct odd_answer {
    const char *text;
    int code;
    const char *words;
};

static void odd_answers_are_errors(void **state)
{
    static const struct odd_answer answers[] = {
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc", ERR_UNIMPLEMENTED,
         "HTTP status 404 Not Found"},
        {"HTTP/1.1 503 X\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{",
         ERR_UNAVAILABLE, "HTTP status 503 Service Unavailable"},
        {"HTTP/1.1 403 X\r\nContent-Type: application/json\r\nContent-Length: 28\r\n\r\n"
         "{\"code\":\"permission_denied\"}",
         ERR_PERMISSION_DENIED, "HTTP status 403 Forbidden"},
        {"HTTP/1.1 500 X\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n"
         "{\"code\":\"internal\",\"message\":\"a\\u001bb\"}",
         ERR_INTERNAL, "a?b"},
        {"HTTP/1.1 500 X\r\nContent-Type: application/json\r\nContent-Length: 32\r\n\r\n"
         "{\"code\":\"strange\",\"message\":\"m\"}",
         ERR_UNKNOWN, "m"},
        {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\nx",
         ERR_BAD_MESSAGE, "the answer is of another content type"},
        {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
         "2\r\n\r\n{}",
         ERR_BAD_MESSAGE, "the answer is of another content type"},
        {"HTTP/1.1 200 OK\r\nContent-Type: application/proto\r\nContent-Encoding: "
         "gzip\r\n"
         "Content-Length: 1\r\n\r\nx",
         ERR_BAD_MESSAGE, "the answer: decompress: malformed gzip data"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct err e = {0};
        assert_int_equal(answer_of(answers[i].text, &e), answers[i].code);
        assert_string_equal(e.text, answers[i].words);
    }
}

static void codes_have_names_and_statuses(void **state)
{
    for (int grpc = 1; grpc <= 16; grpc++) {
        int code = err_from_grpc_status(grpc);
        assert_int_equal(connect_code_from_name(connect_code_name(code)), code);
        assert_true(connect_code_status(code) >= 400);
    }
    assert_string_equal(connect_code_name(ERR_IO), "unknown");
    assert_string_equal(connect_code_name(ERR_NO_MEMORY), "resource_exhausted");
    assert_string_equal(connect_code_name(ERR_BAD_MESSAGE), "invalid_argument");
    assert_int_equal(connect_code_from_name("nonsense"), ERR_UNKNOWN);
    assert_int_equal(connect_code_status(ERR_CANCELED), 499);
    assert_int_equal(connect_code_status(ERR_DEADLINE_EXCEEDED), 504);
}

static void an_error_is_one_line_of_text(void **state)
{
    cleanup_buf struct buf out = BUF_INIT;
    struct connect_reply o = {.is_last = true};
    assert_int_equal(connect_write_error(&o, ERR_INTERNAL, "a\"\n\xff", &out, NULL), 0);
    assert_non_null(strstr(out.data, "\r\nConnection: close\r\n\r\n"));
    assert_non_null(strstr(out.data, "{\"code\":\"internal\",\"message\":\"a\\\"??\"}"));
}

/* ---- gzip ---- */

static void what_is_compressed_comes_back_and_is_bounded(void **state)
{
    cleanup_buf struct buf plain = BUF_INIT, packed = BUF_INIT, again = BUF_INIT;
    for (int i = 0; i < 20000; i++)
        assert_int_equal(buf_printf(&plain, "%d,", i * i), 0);
    assert_int_equal(gzip_deflate(plain.data, plain.len, &packed, NULL), 0);
    assert_true(packed.len < plain.len);
    assert_int_equal(gzip_inflate(packed.data, packed.len, plain.len, &again, NULL), 0);
    assert_int_equal(again.len, plain.len);
    assert_memory_equal(again.data, plain.data, plain.len);
    assert_int_equal(gzip_inflate(packed.data, packed.len, plain.len - 1, &again, NULL),
                     ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(gzip_inflate(packed.data, packed.len - 1, plain.len, &again, NULL),
                     ERR_BAD_MESSAGE);
    assert_int_equal(buf_append_char(&packed, 'x'), 0);
    assert_int_equal(gzip_inflate(packed.data, packed.len, plain.len, &again, NULL),
                     ERR_BAD_MESSAGE);
    assert_int_equal(gzip_inflate("", 0, 10, &again, NULL), ERR_BAD_MESSAGE);
}

/* What a server reads at most holds for the message, not only for how it comes. */
static void a_request_has_the_limit_also_inflated(void **state)
{
    static const char zeros[5000] = "";
    struct connect_call c = {
        .procedure = "/a.B/C", .host = "unix", .codec = CONNECT_PROTO};
    for (int is_gzip = 0; is_gzip < 2; is_gzip++)
        for (size_t less = 0; less < 2; less++) {
            cleanup_buf struct buf text = BUF_INIT;
            cleanup_unary struct unary u;
            cleanup_connect_request struct connect_request r = {0};
            unary_init(&u, HTTP_REQUEST, CONNECT_MESSAGE_MAX);
            c.is_gzip = is_gzip;
            assert_int_equal(connect_write_call(&c, zeros, sizeof(zeros), &text, NULL),
                             0);
            read_whole(&u, &text, 100);
            assert_int_equal(connect_read_request(&u.reader.head, &u.body,
                                                  sizeof(zeros) - less, &r, NULL),
                             less ? ERR_RESOURCE_EXHAUSTED : 0);
        }
}

/* ---- memory ---- */

static int converse(void *user)
{
    cleanup_buf struct buf request = BUF_INIT, answer = BUF_INIT, message = BUF_INIT;
    cleanup_unary struct unary u;
    cleanup_connect_request struct connect_request r = {0};
    struct connect_call c = {.procedure = "/a.B/C",
                             .host = "unix",
                             .is_gzip = true,
                             .accepts_gzip = true,
                             .timeout = CLOCK_SECOND};
    struct connect_reply o = {.is_gzip = true};
    size_t used;
    unary_init(&u, HTTP_REQUEST, 1000);
    int code = connect_write_call(&c, "message", 7, &request, NULL);
    if (!code)
        code = unary_feed(&u, request.data, request.len, &used, NULL);
    if (!code)
        code =
            connect_read_request(&u.reader.head, &u.body, CONNECT_MESSAGE_MAX, &r, NULL);
    if (!code)
        code = connect_write_answer(&r, &o, r.message.data, r.message.len, &answer, NULL);
    unary_deinit(&u);
    unary_init(&u, HTTP_RESPONSE, 1000);
    if (!code)
        code = unary_feed(&u, answer.data, answer.len, &used, NULL);
    if (!code)
        code = connect_read_answer(&u.reader.head, &u.body, r.codec, &message, NULL);
    if (!code)
        assert_string_equal(message.data, "message");
    return code;
}

static int tell_error(void *user)
{
    cleanup_buf struct buf out = BUF_INIT, message = BUF_INIT;
    cleanup_unary struct unary u;
    struct connect_reply o = {0};
    size_t used;
    unary_init(&u, HTTP_RESPONSE, 1000);
    int r = connect_write_error(&o, ERR_NOT_FOUND, "secret not found", &out, NULL);
    if (!r)
        r = unary_feed(&u, out.data, out.len, &used, NULL);
    if (!r)
        r = connect_read_answer(&u.reader.head, &u.body, CONNECT_PROTO, &message, NULL);
    return r == ERR_NOT_FOUND ? 0 : r;
}

static void every_lack_of_memory_is_told(void **state)
{
    assert_true(fault_malloc_each(converse, NULL) > 5);
    assert_true(fault_malloc_each(tell_error, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_byte_for_byte_those_of_the_go_client),
        cmocka_unit_test(a_recorded_call_is_read),
        cmocka_unit_test(a_recorded_secret_is_read_and_packs_to_the_same_bytes),
        cmocka_unit_test(a_recorded_grant_is_read),
        cmocka_unit_test(a_recorded_error_is_read_and_written),
        cmocka_unit_test(an_answer_is_what_the_go_server_writes_but_for_its_compressor),
        cmocka_unit_test(a_recorded_plugin_registers),
        cmocka_unit_test(a_recorded_engine_greets_its_plugin),
        cmocka_unit_test(headers_of_requests_are_checked),
        cmocka_unit_test(a_timeout_is_read),
        cmocka_unit_test(refusals_are_plain_http),
        cmocka_unit_test(odd_answers_are_errors),
        cmocka_unit_test(codes_have_names_and_statuses),
        cmocka_unit_test(an_error_is_one_line_of_text),
        cmocka_unit_test(what_is_compressed_comes_back_and_is_bounded),
        cmocka_unit_test(a_request_has_the_limit_also_inflated),
        cmocka_unit_test(every_lack_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
