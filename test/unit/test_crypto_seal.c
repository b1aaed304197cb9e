/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "crypto/keyring.h"

#define CONTEXT "object/secret/abc"
#define VALUE "a value of a secret"

struct fixture {
    struct keyring *ring;
    struct buf sealed;
    struct buf plain;
    struct err e;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    assert_int_equal(crypto_init(&f->e), 0);
    assert_int_equal(keyring_new(&f->ring), 0);
    assert_int_equal(keyring_seal(f->ring, CONTEXT, VALUE, strlen(VALUE), &f->sealed), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    keyring_free(f->ring);
    buf_deinit(&f->sealed);
    buf_deinit(&f->plain);
    free(f);
    return 0;
}

/* Made by an independent implementation: HChaCha20 in Python over its cryptography
 * package's ChaCha20Poly1305. */
static void the_sealed_form_is_the_documented_one(void **state)
{
    struct fixture *f = *state;
    static const uint8_t golden[] = {
        0x01, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0x40, 0x41, 0x42,
        0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e,
        0x4f, 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0xb5, 0x19, 0x73,
        0x11, 0xbc, 0x95, 0x1c, 0x36, 0xe0, 0x92, 0xa7, 0xdf, 0x8f, 0xef, 0x00,
        0xf1, 0xe0, 0xdf, 0xd9, 0xd2, 0xc4, 0x42, 0xc2, 0xae, 0x1f, 0x3b, 0xa1,
        0xf6, 0x86, 0x40, 0xc0, 0xbb, 0x92, 0x5a, 0x78};
    struct seal_key key;
    uint8_t nonce[SEAL_NONCE_SIZE];
    for (size_t i = 0; i < sizeof(key.id); i++)
        key.id[i] = (uint8_t)(0xa0 + i);
    for (size_t i = 0; i < sizeof(key.key); i++)
        key.key[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof(nonce); i++)
        nonce[i] = (uint8_t)(0x40 + i);
    buf_reset(&f->sealed);
    assert_int_equal(
        seal_with_nonce(&key, CONTEXT, nonce, VALUE, strlen(VALUE), &f->sealed), 0);
    assert_int_equal(f->sealed.len, sizeof(golden));
    assert_memory_equal(f->sealed.data, golden, sizeof(golden));
    assert_int_equal(seal_open(&key, CONTEXT, golden, sizeof(golden), &f->plain, &f->e),
                     0);
    assert_string_equal(buf_str(&f->plain), VALUE);
}

static void what_was_sealed_opens_behind_what_is_there(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(buf_append_str(&f->plain, "before "), 0);
    assert_int_equal(
        keyring_open(f->ring, CONTEXT, f->sealed.data, f->sealed.len, &f->plain, &f->e),
        0);
    assert_string_equal(buf_str(&f->plain), "before " VALUE);
    assert_int_equal(f->sealed.len, strlen(VALUE) + SEAL_OVERHEAD);
}

static void an_empty_value_can_be_sealed(void **state)
{
    struct fixture *f = *state;
    buf_reset(&f->sealed);
    assert_int_equal(keyring_seal(f->ring, CONTEXT, NULL, 0, &f->sealed), 0);
    assert_int_equal(
        keyring_open(f->ring, CONTEXT, f->sealed.data, f->sealed.len, &f->plain, &f->e),
        0);
    assert_int_equal(f->plain.len, 0);
}

static void the_same_value_is_never_sealed_twice_alike(void **state)
{
    struct fixture *f = *state;
    struct buf again = BUF_INIT;
    assert_int_equal(keyring_seal(f->ring, CONTEXT, VALUE, strlen(VALUE), &again), 0);
    assert_memory_not_equal(again.data + 9, f->sealed.data + 9, again.len - 9);
    buf_deinit(&again);
}

static void assert_refused(struct fixture *f, const char *context, size_t n)
{
    f->e = (struct err){0};
    assert_int_equal(keyring_open(f->ring, context, f->sealed.data, n, &f->plain, &f->e),
                     ERR_DATA_LOSS);
    assert_int_equal(f->plain.len, 0);
    assert_null(strstr(f->e.text, VALUE));
    assert_true(f->e.text[0]);
}

static void every_flipped_bit_is_found(void **state)
{
    struct fixture *f = *state;
    for (size_t bit = 0; bit < 8 * f->sealed.len; bit++) {
        f->sealed.data[bit / 8] ^= (char)(1 << bit % 8);
        assert_refused(f, CONTEXT, f->sealed.len);
        f->sealed.data[bit / 8] ^= (char)(1 << bit % 8);
    }
}

static void every_cut_is_found(void **state)
{
    struct fixture *f = *state;
    for (size_t n = 0; n < f->sealed.len; n++)
        assert_refused(f, CONTEXT, n);
}

static void a_value_opens_in_its_own_place_only(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, "object/secret/abd", f->sealed.len);
    assert_refused(f, "object/config/abc", f->sealed.len);
    assert_refused(f, "", f->sealed.len);
    assert_non_null(strstr(f->e.text, "belongs to another place"));
}

static void another_ring_has_not_the_key(void **state)
{
    struct fixture *f = *state;
    struct keyring *other = NULL;
    assert_int_equal(keyring_new(&other), 0);
    assert_int_equal(
        keyring_open(other, CONTEXT, f->sealed.data, f->sealed.len, &f->plain, &f->e),
        ERR_DATA_LOSS);
    assert_non_null(strstr(f->e.text, "data key"));
    keyring_free(other);
}

static void after_a_rotation_old_values_open_and_are_not_current(void **state)
{
    struct fixture *f = *state;
    assert_true(keyring_is_current(f->ring, f->sealed.data, f->sealed.len));
    assert_int_equal(keyring_rotate(f->ring, &f->e), 0);
    assert_int_equal(keyring_count(f->ring), 2);
    assert_false(keyring_is_current(f->ring, f->sealed.data, f->sealed.len));
    assert_int_equal(
        keyring_open(f->ring, CONTEXT, f->sealed.data, f->sealed.len, &f->plain, &f->e),
        0);
    buf_reset(&f->sealed);
    assert_int_equal(keyring_seal(f->ring, CONTEXT, "x", 1, &f->sealed), 0);
    assert_true(keyring_is_current(f->ring, f->sealed.data, f->sealed.len));
    assert_memory_equal(seal_key_id(f->sealed.data, f->sealed.len, NULL),
                        keyring_current_id(f->ring), SEAL_KEY_ID_SIZE);
}

static void a_dropped_key_opens_nothing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(keyring_rotate(f->ring, &f->e), 0);
    keyring_drop_old(f->ring);
    assert_int_equal(keyring_count(f->ring), 1);
    assert_refused(f, CONTEXT, f->sealed.len);
    keyring_drop_old(f->ring);
    buf_reset(&f->sealed);
    assert_int_equal(keyring_seal(f->ring, CONTEXT, "x", 1, &f->sealed), 0);
    assert_true(keyring_is_current(f->ring, f->sealed.data, f->sealed.len));
}

static void a_rotation_that_is_undone_leaves_the_old_key(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(keyring_rotate(f->ring, &f->e), 0);
    keyring_undo_rotate(f->ring);
    assert_true(keyring_is_current(f->ring, f->sealed.data, f->sealed.len));
}

static void a_ring_holds_no_more_than_its_limit(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 1; i < KEYRING_MAX; i++)
        assert_int_equal(keyring_rotate(f->ring, &f->e), 0);
    assert_int_equal(keyring_rotate(f->ring, &f->e), ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(keyring_count(f->ring), KEYRING_MAX);
    assert_int_equal(
        keyring_open(f->ring, CONTEXT, f->sealed.data, f->sealed.len, &f->plain, &f->e),
        0);
}

static void a_ring_survives_its_bytes(void **state)
{
    struct fixture *f = *state;
    struct buf bytes = BUF_INIT;
    struct keyring *read = NULL;
    assert_int_equal(keyring_rotate(f->ring, &f->e), 0);
    assert_int_equal(keyring_encode(f->ring, &bytes), 0);
    assert_int_equal(keyring_decode(bytes.data, bytes.len, &read, &f->e), 0);
    assert_int_equal(keyring_count(read), 2);
    assert_memory_equal(keyring_current_id(read), keyring_current_id(f->ring),
                        SEAL_KEY_ID_SIZE);
    assert_int_equal(
        keyring_open(read, CONTEXT, f->sealed.data, f->sealed.len, &f->plain, &f->e), 0);
    keyring_free(read);
    buf_deinit(&bytes);
}

static void bytes_that_are_no_ring_are_refused(void **state)
{
    struct fixture *f = *state;
    struct buf bytes = BUF_INIT;
    struct keyring *read = NULL;
    assert_int_equal(keyring_encode(f->ring, &bytes), 0);
    assert_int_equal(keyring_decode("", 0, &read, &f->e), ERR_DATA_LOSS);
    assert_int_equal(keyring_decode("\0", 1, &read, &f->e), ERR_DATA_LOSS);
    assert_int_equal(keyring_decode(bytes.data, bytes.len - 1, &read, &f->e),
                     ERR_DATA_LOSS);
    bytes.data[0] = KEYRING_MAX + 1;
    assert_int_equal(keyring_decode(bytes.data, bytes.len, &read, &f->e), ERR_DATA_LOSS);
    bytes.data[0] = 2;
    assert_int_equal(buf_reserve(&bytes, bytes.len), 0);
    assert_int_equal(buf_append(&bytes, bytes.data + 1, bytes.len - 1), 0);
    assert_int_equal(keyring_decode(bytes.data, bytes.len, &read, &f->e), ERR_DATA_LOSS);
    assert_non_null(strstr(f->e.text, "twice"));
    buf_deinit(&bytes);
}

/* BLAKE2b-256, keyed; the expected bytes are of Python's hashlib. */
static void the_keyed_hash_is_blake2b(void **state)
{
    static const uint8_t expected[CRYPTO_MAC_SIZE] = {
        0xd6, 0x3a, 0x32, 0xd3, 0xe4, 0x47, 0x38, 0xd7, 0x90, 0x7f, 0x96,
        0x43, 0x16, 0xc2, 0x41, 0xad, 0xab, 0xa0, 0xab, 0xfe, 0xab, 0xc3,
        0x23, 0x49, 0x67, 0x75, 0x78, 0xa1, 0x5a, 0x20, 0x3f, 0x7f};
    uint8_t key[CRYPTO_MAC_KEY_SIZE], out[CRYPTO_MAC_SIZE];
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)i;
    crypto_mac(key, "abc", 3, out);
    assert_memory_equal(out, expected, sizeof(out));
}

static void equality_needs_equal_lengths(void **state)
{
    assert_true(crypto_equal("abc", 3, "abc", 3));
    assert_true(crypto_equal(NULL, 0, "", 0));
    assert_false(crypto_equal("abc", 3, "abd", 3));
    assert_false(crypto_equal("abc", 3, "abcd", 4));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_sealed_form_is_the_documented_one),
        TEST(what_was_sealed_opens_behind_what_is_there),
        TEST(an_empty_value_can_be_sealed),
        TEST(the_same_value_is_never_sealed_twice_alike),
        TEST(every_flipped_bit_is_found),
        TEST(every_cut_is_found),
        TEST(a_value_opens_in_its_own_place_only),
        TEST(another_ring_has_not_the_key),
        TEST(after_a_rotation_old_values_open_and_are_not_current),
        TEST(a_dropped_key_opens_nothing),
        TEST(a_rotation_that_is_undone_leaves_the_old_key),
        TEST(a_ring_holds_no_more_than_its_limit),
        TEST(a_ring_survives_its_bytes),
        TEST(bytes_that_are_no_ring_are_refused),
        TEST(the_keyed_hash_is_blake2b),
        TEST(equality_needs_equal_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
