/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/crypto.h"
#include "crypto/pem.h"

/* Whom a node's certificate is for; validity is a duration. */
struct ca_request {
    const char *cluster_id;
    const char *node_id;
    bool is_manager;
    int64_t now;
    int64_t validity;
};

/* A node's certificate for a public key. */
int ca_sign_key(const struct certificate *root, const struct ca_request *q, EVP_PKEY *key,
                X509 **out, struct err *e) MUST_CHECK;
