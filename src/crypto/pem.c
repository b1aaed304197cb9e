/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/pem.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

void pem_cleanup_bio(BIO **b)
{
    BIO_free(*b);
}

void pem_cleanup_cert(X509 **c)
{
    X509_free(*c);
}

void pem_cleanup_csr(X509_REQ **c)
{
    X509_REQ_free(*c);
}

void pem_cleanup_key(EVP_PKEY **k)
{
    EVP_PKEY_free(*k);
}

int pem_error(struct err *e, int code, const char *what)
{
    unsigned long first = ERR_get_error();
    ERR_clear_error();
    if (ERR_GET_REASON(first) == ERR_R_MALLOC_FAILURE)
        return err_no_memory(e);
    const char *reason = first ? ERR_reason_error_string(first) : NULL;
    return err_set(e, code, "%s: %s", what, reason ? reason : "refused by OpenSSL");
}

/* ---- reading ---- */

/* A key that is encrypted isn't ours; without this OpenSSL would ask the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *user)
{
    return 0;
}

static int open_text(const void *pem, size_t n, BIO **out, struct err *e)
{
    if (n == 0 || n > PEM_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "PEM text must have 1 to %zu bytes, not %zu", PEM_MAX, n);
    *out = BIO_new_mem_buf(pem, (int)n);
    return *out ? 0 : err_no_memory(e);
}

int pem_read_cert(const void *pem, size_t n, X509 **out, struct err *e)
{
    cleanup_bio BIO *text = NULL;
    int r = open_text(pem, n, &text, e);
    if (r)
        return r;
    X509 *c = PEM_read_bio_X509(text, NULL, no_passphrase, NULL);
    if (!c)
        return pem_error(e, ERR_INVALID_ARGUMENT, "not a PEM certificate");
    *out = c;
    return 0;
}

int pem_read_csr(const void *pem, size_t n, X509_REQ **out, struct err *e)
{
    cleanup_bio BIO *text = NULL;
    int r = open_text(pem, n, &text, e);
    if (r)
        return r;
    X509_REQ *c = PEM_read_bio_X509_REQ(text, NULL, no_passphrase, NULL);
    if (!c)
        return pem_error(e, ERR_INVALID_ARGUMENT, "not a PEM certificate request");
    *out = c;
    return 0;
}

int pem_read_key(const void *pem, size_t n, EVP_PKEY **out, struct err *e)
{
    cleanup_bio BIO *text = NULL;
    int r = open_text(pem, n, &text, e);
    if (r)
        return r;
    EVP_PKEY *k = PEM_read_bio_PrivateKey(text, NULL, no_passphrase, NULL);
    if (!k)
        return pem_error(e, ERR_INVALID_ARGUMENT, "not a PEM private key");
    *out = k;
    return 0;
}

/* ---- writing ---- */

/* OpenSSL wipes the memory of a BIO when it grows or goes. */
static int take_text(BIO *text, struct buf *out, struct err *e)
{
    char *data = NULL;
    long n = BIO_get_mem_data(text, &data);
    if (n <= 0)
        return pem_error(e, ERR_INTERNAL, "write PEM");
    return buf_append(out, data, (size_t)n) ? err_no_memory(e) : 0;
}

int pem_write_cert(X509 *c, struct buf *out, struct err *e)
{
    cleanup_bio BIO *text = BIO_new(BIO_s_mem());
    if (!text || !PEM_write_bio_X509(text, c))
        return pem_error(e, ERR_INTERNAL, "write a certificate");
    return take_text(text, out, e);
}

int pem_write_csr(X509_REQ *c, struct buf *out, struct err *e)
{
    cleanup_bio BIO *text = BIO_new(BIO_s_mem());
    if (!text || !PEM_write_bio_X509_REQ(text, c))
        return pem_error(e, ERR_INTERNAL, "write a certificate request");
    return take_text(text, out, e);
}

int pem_write_key(EVP_PKEY *k, struct buf *out, struct err *e)
{
    cleanup_bio BIO *text = BIO_new(BIO_s_mem());
    if (!text || !PEM_write_bio_PKCS8PrivateKey(text, k, NULL, NULL, 0, NULL, NULL))
        return pem_error(e, ERR_INTERNAL, "write a private key");
    return take_text(text, out, e);
}

int pem_new_key(EVP_PKEY **out, struct err *e)
{
    EVP_PKEY *k = EVP_EC_gen("P-256");
    if (!k)
        return pem_error(e, ERR_INTERNAL, "make an ECDSA P-256 key");
    *out = k;
    return 0;
}
