/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/crypto.h"

/* Between OpenSSL's objects and bytes. What may hold a private key passes only through
 * memory that is wiped. */

void pem_cleanup_bio(BIO **b);
void pem_cleanup_cert(X509 **c);
void pem_cleanup_csr(X509_REQ **c);
void pem_cleanup_key(EVP_PKEY **k);
#define cleanup_bio CLEANUP(pem_cleanup_bio)
#define cleanup_cert CLEANUP(pem_cleanup_cert)
#define cleanup_csr CLEANUP(pem_cleanup_csr)
#define cleanup_pkey CLEANUP(pem_cleanup_key)

/* Sets *e to code, the text, and OpenSSL's reason, whose queue is emptied. Returns code;
 * ERR_NO_MEMORY when that was the reason. */
int pem_error(struct err *e, int code, const char *what);

/* The first object of PEM text. ERR_INVALID_ARGUMENT when there is none. */
int pem_read_cert(const void *pem, size_t n, X509 **out, struct err *e) MUST_CHECK;
int pem_read_csr(const void *pem, size_t n, X509_REQ **out, struct err *e) MUST_CHECK;
int pem_read_key(const void *pem, size_t n, EVP_PKEY **out, struct err *e) MUST_CHECK;

/* Append PEM; keys as PKCS#8. */
int pem_write_cert(X509 *c, struct buf *out, struct err *e) MUST_CHECK;
int pem_write_csr(X509_REQ *c, struct buf *out, struct err *e) MUST_CHECK;
int pem_write_key(EVP_PKEY *k, struct buf *out, struct err *e) MUST_CHECK;

/* A new ECDSA P-256 key. */
int pem_new_key(EVP_PKEY **out, struct err *e) MUST_CHECK;
