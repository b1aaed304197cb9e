/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images: looked for, pulled, and what is told of a pull that failed.
 */
#include "engine/docker_pull.h"
#include "engine_fixture.h"

static void ensure(struct fixture *f, const char *image)
{
    f->engine->ops->image_ensure(f->engine, image, "", done, f);
    WAIT_CALL(f);
}

static void an_image_that_is_there_takes_one_request(void **state)
{
    struct fixture *f = *state;
    will_reply(f, "GET /v1.41/images/busybox%3Alatest/json", 200, "{}");
    ensure(f, "busybox:latest");
    assert_int_equal(f->code, 0);
    assert_string_equal(f->requests, "GET /v1.41/images/busybox%3Alatest/json\n");
}

static void an_image_that_is_not_there_is_pulled(void **state)
{
    struct fixture *f = *state;
    will_reply(f, "GET /v1.41/images/", 404, "{}");
    will_reply(f, "POST /v1.41/images/create?fromImage=a&tag=1", 200, "{}\n{}\n");
    will_reply(f, "GET /v1.41/images/", 200, "{}");
    ensure(f, "a:1");
    assert_int_equal(f->code, 0);
}

static void fail_pull(struct fixture *f, int status, const char *body)
{
    f->n_replies = 0;
    will_reply(f, "GET /v1.41/images/", 404, "{}");
    will_reply(f, "POST /v1.41/images/create", status, body);
    will_reply(f, "GET /v1.41/images/", 404, "{}");
    ensure(f, "a:1");
    assert_int_not_equal(f->code, 0);
}

static void an_image_that_did_not_come_is_missing_in_dockers_words(void **state)
{
    struct fixture *f = *state;
    fail_pull(f, 200, "{\"status\":\"Pulling\"}\n");
    assert_int_equal(f->code, ERR_NOT_FOUND);
    assert_string_equal(f->text, "No such image: a:1");
}

static void a_refused_pull_tells_why(void **state)
{
    struct fixture *f = *state;
    fail_pull(f, 500, "{\"message\":\"Get \\\"https://r/v2/\\\": no route\"}\n");
    assert_string_equal(f->text, "No such image: a:1: Get \"https://r/v2/\": no route");
    fail_pull(f, 401, "{\"message\":\"unauthorized\"}");
    assert_int_equal(f->code, ERR_PERMISSION_DENIED);
    assert_string_equal(f->text, "No such image: a:1: unauthorized");
    fail_pull(f, 502, "<html>");
    assert_string_equal(f->text, "No such image: a:1: the engine answered HTTP 502");
}

static void a_pull_that_fails_on_its_way_tells_why(void **state)
{
    struct fixture *f = *state;
    fail_pull(f, 200,
              "{\"status\":\"x\"}\r\n{\"errorDetail\":{\"message\":\"first\"}}\r\n"
              "{\"errorDetail\":{\"message\":\"tls\"},\"error\":\"tls: bad\"}\r\n");
    assert_string_equal(f->text, "No such image: a:1: tls: bad");
    fail_pull(f, 200, "{\"error\":\"cut off\"}");
    assert_string_equal(f->text, "No such image: a:1: cut off");
}

static void an_answer_other_than_missing_after_a_pull_is_told(void **state)
{
    struct fixture *f = *state;
    will_reply(f, "GET /v1.41/images/", 404, "{}");
    will_reply(f, "POST /v1.41/images/create", 200, "");
    will_reply(f, "GET /v1.41/images/", 500, "{\"message\":\"disk is broken\"}");
    ensure(f, "a:1");
    assert_string_equal(f->text, "disk is broken");
}

#define PROGRESS "{\"status\":\"Downloading\",\"id\":\"0123456789ab\"}\r\n"

static void a_pull_may_tell_its_progress_for_ever_so_long(void **state)
{
    struct fixture *f = *state;
    cleanup_buf struct buf body = BUF_INIT;
    while (body.len < (size_t)20 * 1024 * 1024)
        assert_int_equal(buf_append_str(&body, PROGRESS), 0);
    will_reply(f, "GET /v1.41/images/", 404, "{}");
    will_reply(f, "POST /v1.41/images/create", 200, buf_str(&body));
    will_reply(f, "GET /v1.41/images/", 200, "{}");
    ensure(f, "a:1");
    assert_int_equal(f->code, 0);
    assert_int_equal(f->downs, 0);
}

/* ---- the answer itself ---- */

static void feed(struct docker_pull *p, const char *text, size_t piece)
{
    for (size_t n = strlen(text); n; n -= piece, text += piece) {
        piece = piece < n ? piece : n;
        assert_int_equal(docker_pull_feed(p, text, piece), 0);
    }
}

static void an_error_is_found_however_the_answer_is_cut(void **state)
{
    static const char text[] = PROGRESS "{\"error\":\"a\"}\n\n" PROGRESS
                                        "{\"error\":\"b\"}\r\n{\"error\":7}\n[\"error\"";
    for (size_t piece = 1; piece < sizeof(text); piece++) {
        struct docker_pull p;
        docker_pull_init(&p);
        p.status = 200;
        feed(&p, text, piece);
        assert_int_equal(docker_pull_end(&p), 0);
        assert_string_equal(p.error.text, "b");
        docker_pull_deinit(&p);
    }
}

static void a_line_that_is_too_long_is_passed_over(void **state)
{
    cleanup_buf struct buf text = BUF_INIT;
    struct docker_pull p;
    docker_pull_init(&p);
    p.status = 200;
    assert_int_equal(buf_append_str(&text, "{\"error\":\"kept\"}\n{\"error\":\""), 0);
    while (text.len < 3 * DOCKER_PULL_LINE_MAX)
        assert_int_equal(buf_append_str(&text, "long"), 0);
    assert_int_equal(buf_append_str(&text, "\"}\n"), 0);
    feed(&p, buf_str(&text), 4096);
    assert_true(p.line.cap <= 2 * DOCKER_PULL_LINE_MAX);
    assert_string_equal(p.error.text, "kept");
    feed(&p, "{\"error\":\"next\"}\n", 100);
    assert_int_equal(docker_pull_end(&p), 0);
    assert_string_equal(p.error.text, "next");
    docker_pull_deinit(&p);
}

static void a_refusal_of_any_length_is_read(void **state)
{
    cleanup_buf struct buf text = BUF_INIT;
    struct docker_pull p;
    docker_pull_init(&p);
    p.status = 500;
    while (text.len < 3 * DOCKER_PULL_LINE_MAX)
        assert_int_equal(buf_append_str(&text, "long"), 0);
    feed(&p, buf_str(&text), 4096);
    assert_int_equal(docker_pull_end(&p), 0);
    assert_string_equal(p.error.text, "the engine answered HTTP 500");
    docker_pull_deinit(&p);
}

static void an_id_is_never_pulled(void **state)
{
    struct fixture *f = *state;
    will_reply(f, "GET /v1.41/images/sha256%3Aab/json", 404, "{}");
    ensure(f, "sha256:ab");
    assert_int_equal(f->code, ERR_NOT_FOUND);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_image_that_is_there_takes_one_request),
        TEST(an_image_that_is_not_there_is_pulled),
        TEST(an_image_that_did_not_come_is_missing_in_dockers_words),
        TEST(a_refused_pull_tells_why),
        TEST(a_pull_that_fails_on_its_way_tells_why),
        TEST(an_answer_other_than_missing_after_a_pull_is_told),
        TEST(a_pull_may_tell_its_progress_for_ever_so_long),
        cmocka_unit_test(an_error_is_found_however_the_answer_is_cut),
        cmocka_unit_test(a_line_that_is_too_long_is_passed_over),
        cmocka_unit_test(a_refusal_of_any_length_is_read),
        TEST(an_id_is_never_pulled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
