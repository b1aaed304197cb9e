/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/ca_key.h"

#include <stdio.h>

#define CONTEXT_SIZE (sizeof("payload/ca-key/") + OBJECT_ID_SIZE)

static void context_of(const char *cluster_id, char out[CONTEXT_SIZE])
{
    snprintf(out, CONTEXT_SIZE, "payload/ca-key/%s", cluster_id);
}

static int seal(const struct keyring *keys, const char *cluster_id,
                const struct buf *plain, ProtobufCBinaryData *key, struct err *e)
{
    char context[CONTEXT_SIZE];
    cleanup_buf struct buf sealed = BUF_INIT;
    context_of(cluster_id, context);
    if (keyring_seal(keys, context, plain->data, plain->len, &sealed) ||
        message_set_bytes(key, sealed.data, sealed.len))
        return err_no_memory(e);
    return 0;
}

int ca_key_seal(const struct keyring *keys, const char *cluster_id,
                ProtobufCBinaryData *key, struct err *e)
{
    cleanup_buf struct buf plain = BUF_INIT;
    if (buf_append(&plain, key->data, key->len))
        return err_no_memory(e);
    return seal(keys, cluster_id, &plain, key, e);
}

int ca_key_open(const struct keyring *keys, const Swarm__Cluster *cluster,
                struct buf *out, struct err *e)
{
    char context[CONTEXT_SIZE];
    const ProtobufCBinaryData *key = &cluster->root_ca->ca_key;
    context_of(cluster->id, context);
    int r = keyring_open(keys, context, key->data, key->len, out, e);
    return r ? err_wrap(e, r, "open the key of the certificate authority") : 0;
}

static bool is_sealed(const ProtobufCBinaryData *key)
{
    return seal_key_id(key->data, key->len, NULL) != NULL;
}

int ca_key_reseal(const struct keyring *keys, const struct object *cluster,
                  struct object **out, struct err *e)
{
    cleanup_object struct object *copy = NULL;
    cleanup_buf struct buf plain = BUF_INIT;
    if (object_copy(cluster, &copy))
        return err_no_memory(e);
    ProtobufCBinaryData *key = &copy->cluster->root_ca->ca_key;
    int r = is_sealed(key) ? ca_key_open(keys, copy->cluster, &plain, e)
                           : buf_append(&plain, key->data, key->len);
    if (!r)
        r = seal(keys, object_id(copy), &plain, key, e);
    if (r)
        return r == ERR_NO_MEMORY ? err_no_memory(e) : r;
    *out = TAKE(copy);
    return 0;
}
