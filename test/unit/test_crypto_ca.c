/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "crypto/pem.h"
#include "fault_malloc.h"

#define CLUSTER "4qdcmnpl2r01asfvmbtr0h4nh"
#define NODE "yp8tc6xlkwt8wz1tyt6w4u1y5"
#define NOW (INT64_C(1795309593) * CLOCK_SECOND) /* 2026-11-22T01:06:33Z */
#define VALIDITY (90 * 24 * CLOCK_HOUR)

struct fixture {
    struct certificate root;
    struct certificate node;
    struct buf key_pem;
    struct buf csr_pem;
    struct buf cert_pem;
    struct err e;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    assert_int_equal(crypto_init(&f->e), 0);
    assert_int_equal(ca_new_root(NOW, &f->root, &f->e), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    certificate_deinit(&f->root);
    certificate_deinit(&f->node);
    buf_deinit(&f->key_pem);
    buf_deinit(&f->csr_pem);
    buf_deinit(&f->cert_pem);
    free(f);
    return 0;
}

static int issue(struct fixture *f, bool is_manager)
{
    certificate_deinit(&f->node);
    return ca_issue(&f->root, CLUSTER, NODE, is_manager, NOW, VALIDITY, &f->node, &f->e);
}

static int sign(struct fixture *f)
{
    buf_reset(&f->cert_pem);
    return ca_sign_csr(&f->root, f->csr_pem.data, f->csr_pem.len, CLUSTER, NODE, false,
                       NOW, VALIDITY, &f->cert_pem, &f->e);
}

static X509 *parse(const struct buf *pem)
{
    X509 *c = NULL;
    assert_int_equal(pem_read_cert(pem->data, pem->len, &c, NULL), 0);
    return c;
}

static void assert_subject(X509 *c, const char *expected)
{
    cleanup_bio BIO *text = BIO_new(BIO_s_mem());
    char *data = NULL;
    X509_NAME_print_ex(text, X509_get_subject_name(c), 0, XN_FLAG_RFC2253);
    long n = BIO_get_mem_data(text, &data);
    assert_int_equal(n, strlen(expected));
    assert_memory_equal(data, expected, strlen(expected));
}

static void assert_valid(X509 *c, int64_t from, int64_t to)
{
    time_t begin = from / CLOCK_SECOND, end = to / CLOCK_SECOND;
    assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notBefore(c), begin), 0);
    assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notAfter(c), end), 0);
}

/* Does the certificate verify against the root, for this purpose, at this time? */
static int verify(struct fixture *f, X509 *c, int purpose, int64_t now)
{
    cleanup_cert X509 *root = parse(&f->root.cert_pem);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_STORE_add_cert(store, root);
    X509_STORE_CTX_init(ctx, store, c, NULL);
    X509_STORE_CTX_set_time(ctx, 0, now / CLOCK_SECOND);
    X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT);
    X509_STORE_CTX_set_purpose(ctx, purpose);
    X509_verify_cert(ctx);
    int error = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return error;
}

static void the_root_is_swarms(void **state)
{
    struct fixture *f = *state;
    cleanup_cert X509 *c = parse(&f->root.cert_pem);
    assert_subject(c, "CN=swarm-ca");
    assert_valid(c, NOW - CLOCK_HOUR, NOW + INT64_C(630720000) * CLOCK_SECOND);
    assert_int_equal(X509_get_version(c), X509_VERSION_3);
    assert_int_equal(X509_get_signature_nid(c), NID_ecdsa_with_SHA256);
    assert_int_equal(X509_check_ca(c), 1);
    assert_int_equal(X509_get_key_usage(c), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_non_null(X509_get0_subject_key_id(c));
    assert_int_equal(X509_verify(c, X509_get0_pubkey(c)), 1);
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(c)), 256);
}

static void keys_are_pkcs8_and_belong_to_their_certificate(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(issue(f, true), 0);
    const struct certificate *both[] = {&f->root, &f->node};
    for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
        cleanup_cert X509 *c = parse(&both[i]->cert_pem);
        cleanup_pkey EVP_PKEY *key = NULL;
        const struct buf *pem = &both[i]->key_pem;
        assert_int_equal(pem_read_key(pem->data, pem->len, &key, NULL), 0);
        assert_int_equal(X509_check_private_key(c, key), 1);
        assert_memory_equal(pem->data, "-----BEGIN PRIVATE KEY-----", 27);
    }
}

static void assert_node(struct fixture *f, X509 *c, bool is_manager)
{
    assert_subject(c, is_manager ? "CN=" NODE ",OU=swarm-manager,O=" CLUSTER
                                 : "CN=" NODE ",OU=swarm-worker,O=" CLUSTER);
    assert_valid(c, NOW - CLOCK_HOUR, NOW + VALIDITY);
    assert_int_equal(X509_check_ca(c), 0);
    assert_int_equal(X509_get_key_usage(c), KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
    assert_int_equal(X509_get_extended_key_usage(c), XKU_SSL_SERVER | XKU_SSL_CLIENT);
    assert_non_null(X509_get0_subject_key_id(c));
    assert_non_null(X509_get0_authority_key_id(c));
    assert_int_equal(X509_check_host(c, NODE, 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(c, "swarm-manager", 0, 0, NULL), is_manager);
    assert_int_equal(X509_check_host(c, "swarm-worker", 0, 0, NULL), !is_manager);
    assert_int_equal(X509_check_host(c, "swarm-ca", 0, 0, NULL), is_manager);
    assert_int_equal(verify(f, c, X509_PURPOSE_SSL_SERVER, NOW), X509_V_OK);
    assert_int_equal(verify(f, c, X509_PURPOSE_SSL_CLIENT, NOW), X509_V_OK);
    assert_int_equal(verify(f, c, X509_PURPOSE_SSL_CLIENT, NOW - CLOCK_HOUR / 2),
                     X509_V_OK);
    assert_int_equal(verify(f, c, X509_PURPOSE_SSL_CLIENT, NOW + VALIDITY + CLOCK_MINUTE),
                     X509_V_ERR_CERT_HAS_EXPIRED);
}

static void a_managers_certificate_is_swarms(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(issue(f, true), 0);
    cleanup_cert X509 *c = parse(&f->node.cert_pem);
    assert_node(f, c, true);
}

static void a_workers_certificate_is_swarms(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(issue(f, false), 0);
    cleanup_cert X509 *c = parse(&f->node.cert_pem);
    assert_node(f, c, false);
}

static void serials_are_random_and_positive(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(issue(f, false), 0);
    cleanup_cert X509 *a = parse(&f->node.cert_pem);
    assert_int_equal(issue(f, false), 0);
    cleanup_cert X509 *b = parse(&f->node.cert_pem);
    assert_int_not_equal(
        ASN1_INTEGER_cmp(X509_get0_serialNumber(a), X509_get0_serialNumber(b)), 0);
    assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(a)), 16);
    assert_int_equal(ASN1_STRING_type(X509_get0_serialNumber(a)), V_ASN1_INTEGER);
}

static void another_root_doesnt_verify_it(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(issue(f, false), 0);
    cleanup_cert X509 *c = parse(&f->node.cert_pem);
    certificate_deinit(&f->root);
    assert_int_equal(ca_new_root(NOW, &f->root, &f->e), 0);
    assert_int_not_equal(verify(f, c, X509_PURPOSE_SSL_CLIENT, NOW), X509_V_OK);
}

static void ids_that_would_change_the_certificate_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "",
        "a,DNS:swarm-ca",
        "a b",
        "A",
        "a.b",
        "\xc3\xa4",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(
            ca_issue(&f->root, CLUSTER, bad[i], true, NOW, VALIDITY, &f->node, &f->e),
            ERR_INVALID_ARGUMENT);
        assert_int_equal(
            ca_issue(&f->root, bad[i], NODE, true, NOW, VALIDITY, &f->node, &f->e),
            ERR_INVALID_ARGUMENT);
        assert_null(f->node.cert_pem.data);
    }
}

static void times_that_dont_fit_are_refused(void **state)
{
    struct fixture *f = *state;
    static const int64_t bad[][2] = {{NOW, 0}, {NOW, -1}, {-1, 5}, {NOW, INT64_MAX}};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(ca_issue(&f->root, CLUSTER, NODE, true, bad[i][0], bad[i][1],
                                  &f->node, &f->e),
                         ERR_INVALID_ARGUMENT);
}

static void a_root_whose_key_is_anothers_is_refused(void **state)
{
    struct fixture *f = *state;
    struct certificate other = CERTIFICATE_INIT;
    assert_int_equal(ca_new_root(NOW, &other, &f->e), 0);
    struct buf key = f->root.key_pem;
    f->root.key_pem = other.key_pem;
    assert_int_equal(issue(f, true), ERR_INVALID_ARGUMENT);
    other.key_pem = key;
    certificate_deinit(&other);
    buf_reset(&f->root.key_pem);
    assert_int_equal(issue(f, true), ERR_INVALID_ARGUMENT);
    assert_int_equal(buf_append_str(&f->root.key_pem, "no key"), 0);
    assert_int_equal(issue(f, true), ERR_INVALID_ARGUMENT);
}

/* ---- signing requests ---- */

static void a_request_gets_a_certificate_for_its_key(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(csr_new(&f->key_pem, &f->csr_pem, &f->e), 0);
    assert_int_equal(sign(f), 0);
    cleanup_cert X509 *c = parse(&f->cert_pem);
    cleanup_pkey EVP_PKEY *key = NULL;
    assert_int_equal(pem_read_key(f->key_pem.data, f->key_pem.len, &key, NULL), 0);
    assert_int_equal(X509_check_private_key(c, key), 1);
    assert_node(f, c, false);
}

/* Makes a request of any key, with a subject of its own, signed by `signer`. */
static void make_request(struct fixture *f, EVP_PKEY *key, EVP_PKEY *signer)
{
    cleanup_csr X509_REQ *csr = X509_REQ_new();
    buf_reset(&f->csr_pem);
    assert_non_null(key);
    assert_int_equal(X509_REQ_set_pubkey(csr, key), 1);
    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(csr), "OU", MBSTRING_ASC,
                               (const unsigned char *)"swarm-manager", -1, -1, 0);
    assert_true(X509_REQ_sign(csr, signer,
                              EVP_PKEY_is_a(signer, "ED25519") ? NULL : EVP_sha256()) >
                0);
    assert_int_equal(pem_write_csr(csr, &f->csr_pem, &f->e), 0);
}

static void what_a_request_says_of_itself_is_not_believed(void **state)
{
    struct fixture *f = *state;
    cleanup_pkey EVP_PKEY *key = EVP_EC_gen("P-384");
    make_request(f, key, key);
    assert_int_equal(sign(f), 0);
    cleanup_cert X509 *c = parse(&f->cert_pem);
    assert_node(f, c, false);
}

static void a_request_signed_by_another_key_is_refused(void **state)
{
    struct fixture *f = *state;
    cleanup_pkey EVP_PKEY *key = EVP_EC_gen("P-256");
    cleanup_pkey EVP_PKEY *other = EVP_EC_gen("P-256");
    make_request(f, key, other);
    assert_int_equal(sign(f), ERR_INVALID_ARGUMENT);
    assert_non_null(strstr(f->e.text, "isn't signed by its key"));
    assert_int_equal(f->cert_pem.len, 0);
}

static void weak_and_unusual_keys_are_refused(void **state)
{
    struct fixture *f = *state;
    cleanup_pkey EVP_PKEY *weak = EVP_RSA_gen(1024);
    cleanup_pkey EVP_PKEY *curve = EVP_EC_gen("secp256k1");
    cleanup_pkey EVP_PKEY *edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    cleanup_pkey EVP_PKEY *good = EVP_RSA_gen(2048);
    EVP_PKEY *const bad[] = {weak, curve, edwards};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        make_request(f, bad[i], bad[i]);
        assert_int_equal(sign(f), ERR_INVALID_ARGUMENT);
        assert_non_null(strstr(f->e.text, "must be ECDSA"));
    }
    make_request(f, good, good);
    assert_int_equal(sign(f), 0);
}

static void what_is_no_request_is_refused(void **state)
{
    struct fixture *f = *state;
    char *big = calloc(1, PEM_MAX + 1);
    assert_non_null(big);
    assert_int_equal(sign(f), ERR_INVALID_ARGUMENT);
    assert_int_equal(buf_append_str(&f->csr_pem, "garbage"), 0);
    assert_int_equal(sign(f), ERR_INVALID_ARGUMENT);
    buf_reset(&f->csr_pem);
    assert_int_equal(buf_append(&f->csr_pem, big, PEM_MAX + 1), 0);
    assert_int_equal(sign(f), ERR_INVALID_ARGUMENT);
    buf_reset(&f->csr_pem);
    assert_int_equal(buf_append(&f->csr_pem, f->root.cert_pem.data, f->root.cert_pem.len),
                     0);
    assert_int_equal(sign(f), ERR_INVALID_ARGUMENT);
    free(big);
}

/* ---- describing ---- */

static void a_root_is_described_by_its_name_and_key(void **state)
{
    struct fixture *f = *state;
    static const uint8_t name[] = {0x30, 0x13, 0x31, 0x11, 0x30, 0x0f, 0x06,
                                   0x03, 0x55, 0x04, 0x03, 0x13, 0x08, 's',
                                   'w',  'a',  'r',  'm',  '-',  'c',  'a'};
    struct buf subject = BUF_INIT, spki = BUF_INIT;
    assert_int_equal(ca_describe(&f->root.cert_pem, &subject, &spki, &f->e), 0);
    assert_int_equal(subject.len, sizeof(name));
    assert_memory_equal(subject.data, name, sizeof(name));
    assert_int_equal(spki.len, 91); /* an uncompressed P-256 key */
    buf_deinit(&subject);
    buf_deinit(&spki);
    assert_int_equal(ca_describe(&f->csr_pem, &subject, &spki, &f->e),
                     ERR_INVALID_ARGUMENT);
}

static int issue_once(void *user)
{
    return issue(user, true);
}

static void memory_that_runs_out_is_an_error(void **state)
{
    assert_true(fault_malloc_each(issue_once, *state) >= 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_root_is_swarms),
        TEST(keys_are_pkcs8_and_belong_to_their_certificate),
        TEST(a_managers_certificate_is_swarms),
        TEST(a_workers_certificate_is_swarms),
        TEST(serials_are_random_and_positive),
        TEST(another_root_doesnt_verify_it),
        TEST(ids_that_would_change_the_certificate_are_refused),
        TEST(times_that_dont_fit_are_refused),
        TEST(a_root_whose_key_is_anothers_is_refused),
        TEST(a_request_gets_a_certificate_for_its_key),
        TEST(what_a_request_says_of_itself_is_not_believed),
        TEST(a_request_signed_by_another_key_is_refused),
        TEST(weak_and_unusual_keys_are_refused),
        TEST(what_is_no_request_is_refused),
        TEST(a_root_is_described_by_its_name_and_key),
        TEST(memory_that_runs_out_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
