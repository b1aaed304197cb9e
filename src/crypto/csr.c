/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing requests. What a joining node says of itself in one is not believed: only its
 * public key is used, once the request proves that the node has the private one.
 */
#include "crypto/ca.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <string.h>

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096

static bool is_allowed_curve(EVP_PKEY *key)
{
    char group[32];
    if (!EVP_PKEY_get_group_name(key, group, sizeof(group), NULL))
        return false;
    return strcmp(group, SN_X9_62_prime256v1) == 0 || strcmp(group, SN_secp384r1) == 0;
}

/* Others are refused before any arithmetic is done with them. */
static int check_key(EVP_PKEY *key, struct err *e)
{
    int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA") && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX)
        return 0;
    if (EVP_PKEY_is_a(key, "EC") && is_allowed_curve(key))
        return 0;
    return err_set(e, ERR_INVALID_ARGUMENT,
                   "the key of a certificate request must be ECDSA P-256 or P-384, or "
                   "RSA of %d to %d bits",
                   RSA_BITS_MIN, RSA_BITS_MAX);
}

int ca_sign_csr(const struct certificate *root, const void *csr_pem, size_t n,
                const char *cluster_id, const char *node_id, bool is_manager, int64_t now,
                int64_t expiry, struct buf *cert_pem, struct err *e)
{
    const struct ca_request q = {cluster_id, node_id, is_manager, now, expiry};
    cleanup_csr X509_REQ *csr = NULL;
    int r = pem_read_csr(csr_pem, n, &csr, e);
    if (r)
        return r;
    EVP_PKEY *key = X509_REQ_get0_pubkey(csr);
    if (!key)
        return pem_error(e, ERR_INVALID_ARGUMENT, "certificate request without a key");
    r = check_key(key, e);
    if (r)
        return r;
    if (X509_REQ_verify(csr, key) != 1)
        return pem_error(e, ERR_INVALID_ARGUMENT,
                         "certificate request isn't signed by its key");
    cleanup_cert X509 *c = NULL;
    r = ca_sign_key(root, &q, key, &c, e);
    return r ? r : pem_write_cert(c, cert_pem, e);
}

int csr_new(struct buf *key_pem, struct buf *csr_pem, struct err *e)
{
    cleanup_pkey EVP_PKEY *key = NULL;
    int r = pem_new_key(&key, e);
    if (r)
        return r;
    cleanup_csr X509_REQ *csr = X509_REQ_new();
    if (!csr || !X509_REQ_set_pubkey(csr, key) || !X509_REQ_sign(csr, key, EVP_sha256()))
        return pem_error(e, ERR_INTERNAL, "make a certificate request");
    r = pem_write_csr(csr, csr_pem, e);
    return r ? r : pem_write_key(key, key_pem, e);
}
