/* SPDX-License-Identifier: Apache-2.0 */
/* Two small grammars: image references and placement constraints. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "objects/validate.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A128 A50 A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void images_are_recognised(void **state)
{
    static const char *const good[] = {
        "redis",
        "redis:7",
        "library/redis:7.2-alpine",
        "a/b/c/d",
        "my_image",
        "my__image",
        "my--image",
        "a.b",
        "0",
        "localhost/x",
        "localhost:5000/x:y",
        "registry.example.org/team/app:1.0_rc.1",
        "Registry.Example.ORG:443/app",
        "10.0.0.1:5000/app@sha256:" HEX64,
        "redis:7@sha256:" HEX64,
        "redis@sha512:" HEX64 HEX64,
        "sha256:" HEX64,
        "x:" A128,
    };
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        if (!image_reference_is_valid(good[i]))
            fail_msg("%s", good[i]);
}

static void what_is_no_image_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "BAD IMAGE",
        "Redis",
        "team/Redis",
        "redis:",
        ":7",
        "redis:-7",
        "redis:.7",
        "redis:a b",
        "redis:7:8",
        "redis@",
        "redis@sha256:abc",
        "redis@md5:" HEX64,
        "redis@sha256:" HEX64 "0",
        "redis@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
        "redis@sha256:" HEX64 "@sha256:" HEX64,
        "/redis",
        "redis/",
        "a//b",
        "a/-b",
        "a/b-",
        "a/b..c",
        "a/b___c",
        "a/b._c",
        "re\ndis",
        "-x.org/app",
        "x-.org/app",
        "x..org/app",
        ".org/app",
        "org./app",
        "org:/app",
        "org:80x/app",
        "org:80:81/app",
        "example.org/",
        "x:" A128 "a",
        "a/" A50 A50 A50 A50 A50,
        HEX64,
        "\xc3\xa4pfel",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (image_reference_is_valid(bad[i]))
            fail_msg("%s", bad[i]);
}

static void the_default_registry_counts_in_the_length(void **state)
{
    /* docker.io/library/ has 18 characters, docker.io/ has 10; 255 is the most. */
    static const char fits[] = A50 A50 A50 A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_int_equal(strlen(fits), 237);
    assert_true(image_reference_is_valid(fits));
    static const char too_long[] =
        A50 A50 A50 A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_false(image_reference_is_valid(too_long));
}

static void constraints_are_taken_apart(void **state)
{
    static const struct {
        const char *text;
        const char *key;
        const char *value;
        bool is_negated;
    } cases[] = {
        {"node.role==manager", "node.role", "manager", false},
        {"node.role != manager", "node.role", "manager", true},
        {"  node.labels.a-b  ==  two words ", "node.labels.a-b", "two words", false},
        {"node.ip==10.0.0.0/8", "node.ip", "10.0.0.0/8", false},
        {"engine.labels.x==a*(b)?", "engine.labels.x", "a*(b)?", false},
        {"_x==1", "_x", "1", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct constraint c;
        assert_int_equal(constraint_parse(cases[i].text, &c, NULL), 0);
        assert_int_equal(c.key_len, strlen(cases[i].key));
        assert_memory_equal(c.key, cases[i].key, c.key_len);
        assert_int_equal(c.value_len, strlen(cases[i].value));
        assert_memory_equal(c.value, cases[i].value, c.value_len);
        assert_int_equal(c.is_negated, cases[i].is_negated);
    }
}

static void what_is_no_constraint_is_refused_with_its_part(void **state)
{
    static const struct {
        const char *text;
        const char *error;
    } cases[] = {
        {"", "constraint expected one operator from ==, !="},
        {"node.role=manager", "constraint expected one operator from ==, !="},
        {"node.role", "constraint expected one operator from ==, !="},
        {"==x", "key '' is invalid"},
        {"a==x", "key 'a' is invalid"},
        {"1a==x", "key '1a' is invalid"},
        {".a==x", "key '.a' is invalid"},
        {"no de==x", "key 'no de' is invalid"},
        {"node.role== ", "value '' is invalid"},
        {"node.role==a=b", "value 'a=b' is invalid"},
        {"node.role==a\"b", "value 'a\"b' is invalid"},
        {"a!=b==c", "key 'a!=b' is invalid"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct constraint c;
        struct err e = {0};
        assert_int_equal(constraint_parse(cases[i].text, &c, &e), ERR_UNKNOWN);
        assert_string_equal(err_text(&e), cases[i].error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_are_recognised),
        cmocka_unit_test(what_is_no_image_is_refused),
        cmocka_unit_test(the_default_registry_counts_in_the_length),
        cmocka_unit_test(constraints_are_taken_apart),
        cmocka_unit_test(what_is_no_constraint_is_refused_with_its_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
