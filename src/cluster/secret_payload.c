/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/secret_payload.h"

#define CONTEXT_SIZE (sizeof("payload/secret/") + OBJECT_ID_SIZE)

static void context_of(const char *secret_id, char out[CONTEXT_SIZE])
{
    snprintf(out, CONTEXT_SIZE, "payload/secret/%s", secret_id);
}

static int open_payload(const struct keyring *keys, const char *secret_id,
                        const ProtobufCBinaryData *sealed, struct buf *out, struct err *e)
{
    char context[CONTEXT_SIZE];
    context_of(secret_id, context);
    int r = keyring_open(keys, context, sealed->data, sealed->len, out, e);
    return r ? err_wrap(e, r, "open secret %s", secret_id) : 0;
}

static int replace(ProtobufCBinaryData *data, const struct buf *with, struct err *e)
{
    return message_set_bytes(data, with->data, with->len) ? err_no_memory(e) : 0;
}

int secret_payload_seal(const struct keyring *keys, const char *secret_id,
                        ProtobufCBinaryData *data, struct err *e)
{
    char context[CONTEXT_SIZE];
    context_of(secret_id, context);
    cleanup_buf struct buf sealed = BUF_INIT;
    if (keyring_seal(keys, context, data->data, data->len, &sealed))
        return err_no_memory(e);
    return replace(data, &sealed, e);
}

int secret_payload_open(const struct keyring *keys, const char *secret_id,
                        ProtobufCBinaryData *data, struct err *e)
{
    cleanup_buf struct buf plain = BUF_INIT;
    int r = open_payload(keys, secret_id, data, &plain, e);
    return r ? r : replace(data, &plain, e);
}

int secret_payload_is_equal(const struct keyring *keys, const struct object *secret,
                            const ProtobufCBinaryData *plain, bool *out, struct err *e)
{
    cleanup_buf struct buf opened = BUF_INIT;
    int r =
        open_payload(keys, object_id(secret), &secret->secret->spec->data, &opened, e);
    if (r)
        return r;
    *out = crypto_equal(opened.data, opened.len, plain->data, plain->len);
    return 0;
}

int secret_payload_reseal(const struct keyring *keys, const struct object *secret,
                          struct object **out, struct err *e)
{
    cleanup_object struct object *copy = NULL;
    if (object_copy(secret, &copy))
        return err_no_memory(e);
    ProtobufCBinaryData *data = &copy->secret->spec->data;
    int r = secret_payload_open(keys, object_id(copy), data, e);
    if (!r)
        r = secret_payload_seal(keys, object_id(copy), data, e);
    if (r)
        return r;
    *out = TAKE(copy);
    return 0;
}
