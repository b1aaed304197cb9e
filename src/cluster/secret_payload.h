/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/crypto.h"
#include "objects/objects.h"

/*
 * A secret's payload (SecretSpec.data) is sealed as soon as it arrives and stays so in
 * the store, in memory and on disk; it is opened only in a message on its way to a node
 * that runs a task with it. The seal is bound to the secret's id. These change the field
 * in place; on failure it is as it was.
 */
int secret_payload_seal(const struct keyring *keys, const char *secret_id,
                        ProtobufCBinaryData *data, struct err *e) MUST_CHECK;

/* ERR_DATA_LOSS when the payload isn't what was sealed for this secret. */
int secret_payload_open(const struct keyring *keys, const char *secret_id,
                        ProtobufCBinaryData *data, struct err *e) MUST_CHECK;

/* Is `plain` what the sealed payload of this secret holds? Compared in constant time.
 * *out is set on success only. */
int secret_payload_is_equal(const struct keyring *keys, const struct object *secret,
                            const ProtobufCBinaryData *plain, bool *out,
                            struct err *e) MUST_CHECK;

/* Seals the payload anew with the current key, in a new object to be put in the store in
 * place of the old one. */
int secret_payload_reseal(const struct keyring *keys, const struct object *secret,
                          struct object **out, struct err *e) MUST_CHECK;
