/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "crypto/crypto.h"

/* SHA-256 of "root" in base 36, by Python. */
#define ROOT "root"
#define ROOT_DIGEST "1so4ucii0bd9x5eo25vxsidhbybz04lgq0rn75oio1sss5vsmq"

static const struct buf root = {.data = (char[]){ROOT}, .len = sizeof(ROOT) - 1};

static int setup(void **state)
{
    return crypto_init(NULL);
}

static void a_token_has_the_digest_of_the_root_and_a_secret(void **state)
{
    char token[JOIN_TOKEN_SIZE];
    token_new(&root, token);
    assert_int_equal(strlen(token), 9 + 50 + 1 + 25);
    assert_memory_equal(token, "SWMTKN-1-" ROOT_DIGEST "-", 60);
    assert_true(token_is_valid(token));
    assert_true(token_fits_root(token, ROOT, strlen(ROOT)));
}

static void two_tokens_of_a_root_differ_in_the_secret(void **state)
{
    char a[JOIN_TOKEN_SIZE], b[JOIN_TOKEN_SIZE];
    token_new(&root, a);
    token_new(&root, b);
    assert_memory_equal(a, b, 60);
    assert_string_not_equal(a, b);
}

static void a_token_fits_its_own_root_only(void **state)
{
    char token[JOIN_TOKEN_SIZE];
    token_new(&root, token);
    assert_false(token_fits_root(token, "roots", 5));
    assert_false(token_fits_root(token, "", 0));
}

static void what_is_no_token_is_told_apart(void **state)
{
    char token[JOIN_TOKEN_SIZE];
    assert_false(token_is_valid(""));
    assert_false(token_is_valid("SWMTKN-1-"));
    assert_false(token_is_valid("SWMTKN-1-" ROOT_DIGEST));
    token_new(&root, token);
    token[84] = '-';
    assert_false(token_is_valid(token));
    token_new(&root, token);
    token[84] = '\0';
    assert_false(token_is_valid(token));
    token_new(&root, token);
    token[85] = 'a';
    token[86] = '\0';
    assert_false(token_is_valid(token));
    token_new(&root, token);
    token[20] = 'A';
    assert_false(token_is_valid(token));
    token_new(&root, token);
    token[59] = 'x';
    assert_false(token_is_valid(token));
    token_new(&root, token);
    token[7] = '2';
    assert_false(token_is_valid(token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_has_the_digest_of_the_root_and_a_secret),
        cmocka_unit_test(two_tokens_of_a_root_differ_in_the_secret),
        cmocka_unit_test(a_token_fits_its_own_root_only),
        cmocka_unit_test(what_is_no_token_is_told_apart),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
