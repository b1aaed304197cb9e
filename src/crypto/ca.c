/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster's certificate authority, as SwarmKit's: a self-signed root that signs each
 * node's certificate, in which the cluster's id is the organization, the role the
 * organizational unit and the node's id the common name.
 */
#include "crypto/ca.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

#define ROOT_NAME "swarm-ca"
#define ROOT_VALIDITY (INT64_C(630720000) * CLOCK_SECOND)
#define SERIAL_BYTES 16

/* X.509's upper bounds for names (RFC 5280, A.1). */
#define NAME_MAX_LENGTH 64

void certificate_deinit(struct certificate *c)
{
    buf_deinit(&c->cert_pem);
    buf_deinit(&c->key_pem);
}

/* ---- the parts of a certificate ---- */

/* Positive, not zero, and with 127 random bits never the same twice. */
static int set_serial(X509 *c)
{
    uint8_t bytes[SERIAL_BYTES];
    crypto_random(bytes, sizeof(bytes));
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    int ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(c));
    BN_free(number);
    return ok;
}

static int set_validity(X509 *c, int64_t now, int64_t validity)
{
    time_t from = now / CLOCK_SECOND - CERTIFICATE_BACKDATE;
    time_t to = (now + validity) / CLOCK_SECOND;
    return ASN1_TIME_adj(X509_getm_notBefore(c), from, 0, 0) &&
           ASN1_TIME_adj(X509_getm_notAfter(c), to, 0, 0);
}

/* PrintableString, as Go's certificates have it: all that passes check_id is printable.
 */
static int add_name(X509_NAME *name, const char *field, const char *value)
{
    return X509_NAME_add_entry_by_txt(name, field, V_ASN1_PRINTABLESTRING,
                                      (const unsigned char *)value, -1, -1, 0);
}

struct extension {
    int nid;
    const char *value;
};

static int add_extensions(X509 *c, X509 *issuer, const struct extension *x, size_t n)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, c, NULL, NULL, 0);
    for (size_t i = 0; i < n; i++) {
        X509_EXTENSION *made = X509V3_EXT_conf_nid(NULL, &context, x[i].nid, x[i].value);
        int ok = made && X509_add_ext(c, made, -1);
        X509_EXTENSION_free(made);
        if (!ok)
            return 0;
    }
    return 1;
}

/* A certificate with everything but names and extensions. */
static X509 *new_cert(EVP_PKEY *key, int64_t now, int64_t validity)
{
    X509 *c = X509_new();
    if (c && X509_set_version(c, X509_VERSION_3) && set_serial(c) &&
        set_validity(c, now, validity) && X509_set_pubkey(c, key))
        return c;
    X509_free(c);
    return NULL;
}

static int check_validity(int64_t now, int64_t validity, struct err *e)
{
    int64_t end;
    if (now < 0 || validity <= 0 || __builtin_add_overflow(now, validity, &end))
        return err_set(e, ERR_INVALID_ARGUMENT, "a certificate can't be valid that long");
    return 0;
}

/* Both as PEM. */
static int write_pair(X509 *c, EVP_PKEY *key, struct certificate *out, struct err *e)
{
    struct certificate made = CERTIFICATE_INIT;
    int r = pem_write_cert(c, &made.cert_pem, e);
    if (!r)
        r = pem_write_key(key, &made.key_pem, e);
    if (r)
        certificate_deinit(&made);
    else
        *out = made;
    return r;
}

/* ---- the root ---- */

static int fill_root(X509 *c)
{
    static const struct extension extensions[] = {
        {NID_key_usage, "critical,keyCertSign,cRLSign"},
        {NID_basic_constraints, "critical,CA:TRUE"},
        {NID_subject_key_identifier, "hash"},
    };
    X509_NAME *name = X509_get_subject_name(c);
    return add_name(name, "CN", ROOT_NAME) && X509_set_issuer_name(c, name) &&
           add_extensions(c, c, extensions, ARRAY_SIZE(extensions));
}

int ca_new_root(int64_t now, struct certificate *out, struct err *e)
{
    int r = check_validity(now, ROOT_VALIDITY, e);
    if (r)
        return r;
    cleanup_pkey EVP_PKEY *key = NULL;
    r = pem_new_key(&key, e);
    if (r)
        return r;
    cleanup_cert X509 *c = new_cert(key, now, ROOT_VALIDITY);
    if (!c || !fill_root(c) || !X509_sign(c, key, EVP_sha256()))
        return pem_error(e, ERR_INTERNAL, "make the root certificate");
    return write_pair(c, key, out, e);
}

/* ---- a node's certificate ---- */

/* The ids become DNS names, too, so only their own characters may stand in them. */
static int check_id(const char *what, const char *id, struct err *e)
{
    size_t n = strlen(id);
    if (n == 0 || n > NAME_MAX_LENGTH ||
        strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz-") != n)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "the id of the %s doesn't fit a certificate", what);
    return 0;
}

static int check_request(const struct ca_request *q, struct err *e)
{
    int r = check_id("cluster", q->cluster_id, e);
    if (!r)
        r = check_id("node", q->node_id, e);
    if (!r)
        r = check_validity(q->now, q->validity, e);
    return r;
}

static int fill_node(X509 *c, X509 *root, const struct ca_request *q)
{
    const char *role = q->is_manager ? "swarm-manager" : "swarm-worker";
    char names[4 * NAME_MAX_LENGTH];
    snprintf(names, sizeof(names), "DNS:%s,DNS:%s%s", role, q->node_id,
             q->is_manager ? ",DNS:" ROOT_NAME : "");
    const struct extension extensions[] = {
        {NID_key_usage, "critical,digitalSignature,keyEncipherment"},
        {NID_ext_key_usage, "serverAuth,clientAuth"},
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
        {NID_subject_alt_name, names},
    };
    X509_NAME *name = X509_get_subject_name(c);
    return add_name(name, "O", q->cluster_id) && add_name(name, "OU", role) &&
           add_name(name, "CN", q->node_id) &&
           X509_set_issuer_name(c, X509_get_subject_name(root)) &&
           add_extensions(c, root, extensions, ARRAY_SIZE(extensions));
}

static int read_root(const struct certificate *root, X509 **cert, EVP_PKEY **key,
                     struct err *e)
{
    int r = pem_read_cert(root->cert_pem.data, root->cert_pem.len, cert, e);
    if (!r)
        r = pem_read_key(root->key_pem.data, root->key_pem.len, key, e);
    if (r)
        return err_wrap(e, r, "root certificate");
    if (X509_check_private_key(*cert, *key) != 1)
        return pem_error(e, ERR_INVALID_ARGUMENT,
                         "root certificate and root key don't belong together");
    return 0;
}

int ca_sign_key(const struct certificate *root, const struct ca_request *q, EVP_PKEY *key,
                X509 **out, struct err *e)
{
    int r = check_request(q, e);
    if (r)
        return r;
    cleanup_cert X509 *root_cert = NULL;
    cleanup_pkey EVP_PKEY *root_key = NULL;
    r = read_root(root, &root_cert, &root_key, e);
    if (r)
        return r;
    cleanup_cert X509 *c = new_cert(key, q->now, q->validity);
    if (!c || !fill_node(c, root_cert, q) || !X509_sign(c, root_key, EVP_sha256()))
        return pem_error(e, ERR_INTERNAL, "make a node's certificate");
    *out = TAKE(c);
    return 0;
}

int ca_issue(const struct certificate *root, const char *cluster_id, const char *node_id,
             bool is_manager, int64_t now, int64_t expiry, struct certificate *out,
             struct err *e)
{
    const struct ca_request q = {cluster_id, node_id, is_manager, now, expiry};
    cleanup_pkey EVP_PKEY *key = NULL;
    int r = pem_new_key(&key, e);
    if (r)
        return r;
    cleanup_cert X509 *c = NULL;
    r = ca_sign_key(root, &q, key, &c, e);
    if (r)
        return r;
    return write_pair(c, key, out, e);
}

/* ---- what a root says of itself ---- */

static int append_der(struct buf *out, unsigned char *der, int n, struct err *e)
{
    if (n <= 0)
        return pem_error(e, ERR_INTERNAL, "encode a part of a certificate");
    int r = buf_append(out, der, (size_t)n);
    OPENSSL_free(der);
    return r ? err_no_memory(e) : 0;
}

int ca_describe(const struct buf *cert_pem, struct buf *subject_der, struct buf *spki_der,
                struct err *e)
{
    cleanup_cert X509 *c = NULL;
    int r = pem_read_cert(cert_pem->data, cert_pem->len, &c, e);
    if (r)
        return r;
    unsigned char *der = NULL;
    int n = i2d_X509_NAME(X509_get_subject_name(c), &der);
    r = append_der(subject_der, der, n, e);
    if (r)
        return r;
    der = NULL;
    n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c), &der);
    return append_der(spki_der, der, n, e);
}
