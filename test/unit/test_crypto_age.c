/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "crypto/age.h"
#include "crypto/crypto.h"
#include "fault_malloc.h"

/* A key pair of age-keygen 1.1.1; the files in test/unit/data/age were made with it, and
 * with the passphrase, by age 1.1.1. */
#define IDENTITY                                                                         \
    "AGE-SECRET-KEY-10D3GUPP5HDETH370X0VSQ04MH7C5L8P3DJAJQHZ28NYA569VQE6Q47KXH7"
#define RECIPIENT "age105h9u7rhxs82taxyrp3lyhajx69ee3r8qkc03eth5ue4u3p20yeqmzpa3n"
#define PASSPHRASE "open sesame"
#define PLAINTEXT "This is a secret"
#define CHUNK ((size_t)64 << 10)

struct fixture {
    struct age_identity *identity;
    struct age_keys keys;
    struct buf file, plain;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    *state = &f;
    f.keys = (struct age_keys){&f.identity, 1, NULL};
    return crypto_init(NULL) ||
           age_identity_parse(IDENTITY, strlen(IDENTITY), &f.identity, NULL);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    age_identity_free(f->identity);
    buf_deinit(&f->file);
    buf_deinit(&f->plain);
    return 0;
}

static void load(struct buf *out, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/test/unit/data/age/%s", getenv("COFFER_SOURCE"),
             name);
    assert_int_equal(file_read(path, 4096, out, NULL), 0);
}

static int decrypt(struct fixture *f)
{
    buf_reset(&f->plain);
    return age_decrypt(&f->keys, f->file.data, f->file.len, &f->plain, NULL);
}

static void encrypt(struct fixture *f, const void *data, size_t n)
{
    buf_reset(&f->file);
    assert_int_equal(
        age_encrypt(age_identity_recipient(f->identity), 1, data, n, &f->file, NULL), 0);
}

static void a_file_of_the_age_tool_is_opened_with_its_key(void **state)
{
    struct fixture *f = *state;
    load(&f->file, "x25519.age");
    assert_int_equal(decrypt(f), 0);
    assert_string_equal(buf_str(&f->plain), PLAINTEXT);
}

static void a_file_of_the_age_tool_is_opened_with_its_passphrase(void **state)
{
    struct fixture *f = *state;
    struct age_passphrase pass = {PASSPHRASE, strlen(PASSPHRASE), AGE_WORK_MAX};
    load(&f->file, "passphrase.age");
    f->keys = (struct age_keys){.passphrase = &pass};
    assert_int_equal(decrypt(f), 0);
    assert_string_equal(buf_str(&f->plain), PLAINTEXT);
    pass.n--;
    assert_int_equal(decrypt(f), ERR_PERMISSION_DENIED);
    pass = (struct age_passphrase){PASSPHRASE, strlen(PASSPHRASE), 17};
    assert_int_equal(decrypt(f), ERR_RESOURCE_EXHAUSTED);
    f->keys.passphrase = NULL;
    assert_int_equal(decrypt(f), ERR_PERMISSION_DENIED);
}

static void keys_have_the_text_of_the_age_tool(void **state)
{
    struct fixture *f = *state;
    struct buf text = BUF_INIT;
    assert_int_equal(age_identity_write(f->identity, &text), 0);
    assert_string_equal(buf_str(&text), IDENTITY);
    buf_reset(&text);
    assert_int_equal(age_recipient_write(age_identity_recipient(f->identity), &text), 0);
    assert_string_equal(buf_str(&text), RECIPIENT);
    buf_deinit(&text);
}

static void a_mistyped_key_is_refused(void **state)
{
    struct age_identity *i;
    char secret[] = IDENTITY;
    struct err e;
    secret[20] = secret[20] == 'Q' ? 'P' : 'Q';
    assert_int_equal(age_identity_parse(secret, strlen(secret), &i, &e),
                     ERR_INVALID_ARGUMENT);
    assert_non_null(strstr(e.text, "checksum"));
    assert_int_equal(age_identity_parse("", 0, &i, NULL), ERR_INVALID_ARGUMENT);
    assert_int_equal(age_identity_parse(RECIPIENT, strlen(RECIPIENT), &i, NULL),
                     ERR_INVALID_ARGUMENT);
    assert_int_equal(age_identity_parse(secret, strlen(secret) - 1, &i, NULL),
                     ERR_INVALID_ARGUMENT);
    secret[30] = '!';
    assert_int_equal(age_identity_parse(secret, strlen(secret), &i, &e),
                     ERR_INVALID_ARGUMENT);
    assert_null(strstr(e.text, "SECRET"));
    secret[0] = 'a';
    assert_int_equal(age_identity_parse(secret, strlen(secret), &i, NULL),
                     ERR_INVALID_ARGUMENT);
}

static void every_length_around_a_chunk_comes_back(void **state)
{
    struct fixture *f = *state;
    static const size_t lengths[] = {0,     1,         16,        CHUNK - 1,
                                     CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7};
    cleanup_free char *data = malloc(4 * CHUNK);
    assert_non_null(data);
    crypto_random(data, 4 * CHUNK);
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        encrypt(f, data, lengths[i]);
        assert_int_equal(decrypt(f), 0);
        assert_int_equal(f->plain.len, lengths[i]);
        assert_memory_equal(buf_str(&f->plain), data, lengths[i]);
    }
}

static void each_recipient_opens_a_file_and_nobody_else(void **state)
{
    struct fixture *f = *state;
    struct age_identity *both[2], *stranger;
    struct age_recipient to[2];
    assert_int_equal(age_identity_new(&stranger), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(age_identity_new(&both[i]), 0);
        to[i] = *age_identity_recipient(both[i]);
    }
    assert_int_equal(age_encrypt(to, 2, PLAINTEXT, 16, &f->file, NULL), 0);
    for (size_t i = 0; i < 2; i++) {
        f->keys.identities = &both[i];
        assert_int_equal(decrypt(f), 0);
        assert_string_equal(buf_str(&f->plain), PLAINTEXT);
    }
    f->keys.identities = &stranger;
    assert_int_equal(decrypt(f), ERR_PERMISSION_DENIED);
    age_identity_free(both[0]);
    age_identity_free(both[1]);
    age_identity_free(stranger);
}

static void a_passphrase_opens_what_it_closed(void **state)
{
    struct fixture *f = *state;
    struct age_passphrase pass = {PASSPHRASE, strlen(PASSPHRASE), 2};
    assert_int_equal(age_encrypt_passphrase(&pass, PLAINTEXT, 16, &f->file, NULL), 0);
    f->keys.passphrase = &pass;
    assert_int_equal(decrypt(f), 0);
    assert_string_equal(buf_str(&f->plain), PLAINTEXT);
    pass.work = AGE_WORK_MAX + 1;
    assert_int_equal(age_encrypt_passphrase(&pass, PLAINTEXT, 16, &f->file, NULL),
                     ERR_INVALID_ARGUMENT);
}

static void no_bit_of_a_file_changes_unseen(void **state)
{
    struct fixture *f = *state;
    encrypt(f, PLAINTEXT, strlen(PLAINTEXT));
    for (size_t i = 0; i < 8 * f->file.len; i++) {
        f->file.data[i / 8] ^= (char)(1 << i % 8);
        int r = decrypt(f);
        assert_true(r == ERR_BAD_MESSAGE || r == ERR_PERMISSION_DENIED ||
                    r == ERR_DATA_LOSS);
        assert_int_equal(f->plain.len, 0);
        f->file.data[i / 8] ^= (char)(1 << i % 8);
    }
}

static void a_cut_file_is_refused_wherever_it_is_cut(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *data = calloc(1, CHUNK + 1);
    assert_non_null(data);
    encrypt(f, data, CHUNK + 1);
    size_t whole = f->file.len;
    for (size_t n = 0; n < whole; n += n < 300 || n > whole - 50 ? 1 : 997) {
        f->file.len = n;
        assert_int_not_equal(decrypt(f), 0);
        assert_int_equal(f->plain.len, 0);
    }
    f->file.len = whole;
    assert_int_equal(buf_append(&f->file, "x", 1), 0);
    assert_int_equal(decrypt(f), ERR_DATA_LOSS);
}

/* Ends a header that somebody else began; no key is needed to read that far. */
static int parse(struct fixture *f, const char *stanzas, struct err *e)
{
    buf_reset(&f->file);
    assert_int_equal(buf_printf(&f->file,
                                "age-encryption.org/v1\n%s--- "
                                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
                                stanzas),
                     0);
    return age_decrypt(&f->keys, f->file.data, f->file.len, &f->plain, e);
}

#define ZEROS_22 "AAAAAAAAAAAAAAAAAAAAAA"
#define ZEROS_43 ZEROS_22 "AAAAAAAAAAAAAAAAAAAAA"
#define SCRYPT "-> scrypt " ZEROS_22 " 10\n" ZEROS_43 "\n"
#define X25519 "-> X25519 " ZEROS_43 "\n" ZEROS_43 "\n"

static void a_malformed_header_is_no_age_file(void **state)
{
    static const char *const wrong[] = {
        "",
        SCRYPT X25519,
        X25519 SCRYPT,
        "-> X25519 " ZEROS_43 "\n" ZEROS_22 "\n",
        "-> X25519 " ZEROS_43 "\n" ZEROS_43 "=\n",
        "-> X25519 " ZEROS_43 " more\n" ZEROS_43 "\n",
        "-> X25519  " ZEROS_43 "\n" ZEROS_43 "\n",
        "-> X25519 " ZEROS_22 "\n" ZEROS_43 "\n",
        "-> scrypt " ZEROS_22 " 010\n" ZEROS_43 "\n",
        "-> scrypt " ZEROS_22 " 100\n" ZEROS_43 "\n",
        "-> scrypt " ZEROS_22 " \n" ZEROS_43 "\n",
        "-> scrypt " ZEROS_22 "\n" ZEROS_43 "\n",
        "-> \n\n",
        "-> other " ZEROS_43 "\nno!\n",
        "-> other a\nAB\n",
        "-> other a\nAAAAA\n",
        "->X25519 " ZEROS_43 "\n" ZEROS_43 "\n",
        "hello\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_int_equal(parse(*state, wrong[i], NULL), ERR_BAD_MESSAGE);
}

/* Points of low order would give everybody the same secret. */
static void a_share_of_low_order_opens_nothing(void **state)
{
    struct age_recipient zero = {{0}};
    struct fixture *f = *state;
    assert_int_equal(parse(f, X25519, NULL), ERR_PERMISSION_DENIED);
    assert_int_equal(age_encrypt(&zero, 1, "x", 1, &f->file, NULL), ERR_INVALID_ARGUMENT);
}

static void recipients_of_unknown_kinds_are_passed_over(void **state)
{
    struct err e;
    assert_int_equal(
        parse(*state, "-> other a b\n" ZEROS_43 "AAAAAAAAAAAAAAAAAAAAA\n\n", &e),
        ERR_PERMISSION_DENIED);
    assert_string_equal(e.text, "it is encrypted for other keys");
}

static void too_many_recipients_are_refused(void **state)
{
    struct fixture *f = *state;
    struct buf many = BUF_INIT;
    for (int i = 0; i < AGE_RECIPIENTS_MAX + 1; i++)
        assert_int_equal(buf_append_str(&many, X25519), 0);
    assert_int_equal(parse(f, buf_str(&many), NULL), ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(age_encrypt(NULL, 0, "", 0, &f->file, NULL), ERR_INVALID_ARGUMENT);
    assert_int_equal(age_encrypt(NULL, AGE_RECIPIENTS_MAX + 1, "", 0, &f->file, NULL),
                     ERR_INVALID_ARGUMENT);
    buf_deinit(&many);
}

static int encrypt_and_decrypt(void *user)
{
    const struct fixture *f = user;
    cleanup_buf struct buf file = BUF_INIT, plain = BUF_INIT;
    int r =
        age_encrypt(age_identity_recipient(f->identity), 1, PLAINTEXT, 16, &file, NULL);
    return r ? r : age_decrypt(&f->keys, file.data, file.len, &plain, NULL);
}

static void memory_that_runs_out_is_an_error(void **state)
{
    assert_true(fault_malloc_each(encrypt_and_decrypt, *state) > 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_file_of_the_age_tool_is_opened_with_its_key),
        TEST(a_file_of_the_age_tool_is_opened_with_its_passphrase),
        TEST(keys_have_the_text_of_the_age_tool),
        TEST(a_mistyped_key_is_refused),
        TEST(every_length_around_a_chunk_comes_back),
        TEST(each_recipient_opens_a_file_and_nobody_else),
        TEST(a_passphrase_opens_what_it_closed),
        TEST(no_bit_of_a_file_changes_unseen),
        TEST(a_cut_file_is_refused_wherever_it_is_cut),
        TEST(a_malformed_header_is_no_age_file),
        TEST(a_share_of_low_order_opens_nothing),
        TEST(recipients_of_unknown_kinds_are_passed_over),
        TEST(too_many_recipients_are_refused),
        TEST(memory_that_runs_out_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
