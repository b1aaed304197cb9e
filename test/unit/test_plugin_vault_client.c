/* SPDX-License-Identifier: Apache-2.0 */
/* What a client of Vault takes as its settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fault_malloc.h"
#include "shared/rest.h"
#include "vault/client.h"

static void addresses_that_would_show_the_token_are_refused(void **state)
{
    static const char *const good[] = {
        "https://vault.example", "https://vault.example:8200/",
        "https://[::1]:8200",    "https://proxy.example/vault",
        "http://localhost:8200", "http://127.0.0.1",
        "http://[::1]:8200"};
    static const char *const bad[] = {"",
                                      "vault.example:8200",
                                      "http://vault.example",
                                      "http://localhost.vault.example",
                                      "http://127.0.0.1.vault.example",
                                      "http://127.0.0.1@vault.example",
                                      "https://me:word@vault.example",
                                      "https://vault.example/?x",
                                      "https://vault.example/#x",
                                      "ftp://vault.example",
                                      "file:///etc/passwd",
                                      "https://"};
    struct err e;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        assert_int_equal(rest_address_check(good[i], &e), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(rest_address_check(bad[i], &e), ERR_INVALID_ARGUMENT);
        assert_non_null(strstr(e.text, "`address`"));
    }
    assert_int_equal(rest_address_check(NULL, &e), ERR_INVALID_ARGUMENT);
}

static int try(const struct vault_settings *settings)
{
    struct vault_client *c = NULL;
    struct err e;
    int r = vault_client_new(settings, &c, &e);
    vault_client_free(c);
    return r;
}

static void a_way_to_log_in_is_needed(void **state)
{
    struct vault_settings s = {.address = "https://vault.example",
                               .approle_path = "approle"};
    assert_int_equal(try(&s), ERR_INVALID_ARGUMENT);
    s.role_id = "role";
    assert_int_equal(try(&s), 0);
    s.secret_id = "\xff";
    assert_int_equal(try(&s), ERR_INVALID_ARGUMENT);
    s = (struct vault_settings){
        .address = "https://vault.example", .approle_path = "../sys/", .token = "t"};
    assert_int_equal(try(&s), ERR_INVALID_ARGUMENT);
}

static int make_one(void *user)
{
    const struct vault_settings s = {.address = "https://vault.example",
                                     .ca_file = "/ca.pem",
                                     .approle_path = "approle",
                                     .token = "t"};
    return try(&s);
}

static void every_allocation_may_fail(void **state)
{
    assert_true(fault_malloc_each(make_one, NULL) >= 4);
}

static void the_words_of_a_server_are_cut_and_made_plain(void **state)
{
    struct rest_client *c;
    struct err e;
    char words[600];
    const struct rest_request request = {.path = "/v1/x"};
    memset(words, 'w', sizeof(words) - 1);
    words[sizeof(words) - 1] = '\0';
    words[0] = '\033';
    words[1] = '\n';
    assert_int_equal(rest_client_new("https://vault.example/", NULL, &c, &e), 0);
    assert_int_equal(rest_refused(c, &request, 503, words, &e), ERR_UNAVAILABLE);
    assert_memory_equal(e.text, "https://vault.example answers 503 for /v1/x:   ww", 49);
    assert_true(strlen(e.text) < 300);
    assert_int_equal(rest_refused(c, &request, 418, NULL, &e), ERR_BAD_MESSAGE);
    assert_string_equal(e.text, "https://vault.example answers 418 for /v1/x");
    rest_client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_that_would_show_the_token_are_refused),
        cmocka_unit_test(a_way_to_log_in_is_needed),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(the_words_of_a_server_are_cut_and_made_plain),
    };
    return rest_setup(NULL) || cmocka_run_group_tests(tests, NULL, NULL);
}
