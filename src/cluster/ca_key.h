/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/crypto.h"
#include "objects/objects.h"

/*
 * The private key of the cluster's certificate authority (RootCA.ca_key) is sealed as the
 * payloads of secrets are: in the store, in memory and on disk, bound to the cluster. It
 * is opened only to sign with it.
 */

/* Seals the key that stands there as text; on failure it is as it was. ERR_NO_MEMORY. */
int ca_key_seal(const struct keyring *keys, const char *cluster_id,
                ProtobufCBinaryData *key, struct err *e) MUST_CHECK;

/* Appends the key (PEM) to out. ERR_DATA_LOSS when it isn't what was sealed for this
 * cluster. */
int ca_key_open(const struct keyring *keys, const Swarm__Cluster *cluster,
                struct buf *out, struct err *e) MUST_CHECK;

/* Seals the key anew with the current data key, in a new object to be put in the store in
 * place of the old one. A key that isn't sealed at all, as in clusters of older versions,
 * is sealed then. */
int ca_key_reseal(const struct keyring *keys, const struct object *cluster,
                  struct object **out, struct err *e) MUST_CHECK;
