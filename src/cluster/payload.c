/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/payload.h"

#include "base/mem.h"

#define CONTEXT_SIZE (sizeof("payload/secret/") + OBJECT_ID_SIZE)

static void context_of(const char *secret_id, char out[CONTEXT_SIZE])
{
    snprintf(out, CONTEXT_SIZE, "payload/secret/%s", secret_id);
}

static int replace(ProtobufCBinaryData *data, const struct buf *with, struct err *e)
{
    return message_set_bytes(data, with->data, with->len) ? err_no_memory(e) : 0;
}

int payload_seal(const struct keyring *keys, const char *secret_id,
                 ProtobufCBinaryData *data, struct err *e)
{
    char context[CONTEXT_SIZE];
    context_of(secret_id, context);
    cleanup_buf struct buf sealed = BUF_INIT;
    if (keyring_seal(keys, context, data->data, data->len, &sealed))
        return err_no_memory(e);
    return replace(data, &sealed, e);
}

int payload_open(const struct keyring *keys, const char *secret_id,
                 ProtobufCBinaryData *data, struct err *e)
{
    char context[CONTEXT_SIZE];
    context_of(secret_id, context);
    cleanup_buf struct buf plain = BUF_INIT;
    int r = keyring_open(keys, context, data->data, data->len, &plain, e);
    if (r)
        return err_wrap(e, r, "open secret %s", secret_id);
    return replace(data, &plain, e);
}

int payload_is_equal(const struct keyring *keys, const struct object *secret,
                     const ProtobufCBinaryData *plain, bool *out, struct err *e)
{
    const ProtobufCBinaryData *sealed = &secret->secret->spec->data;
    char context[CONTEXT_SIZE];
    context_of(object_id(secret), context);
    cleanup_buf struct buf opened = BUF_INIT;
    int r = keyring_open(keys, context, sealed->data, sealed->len, &opened, e);
    if (r)
        return err_wrap(e, r, "open secret %s", object_id(secret));
    *out = crypto_equal(opened.data, opened.len, plain->data, plain->len);
    return 0;
}

int payload_reseal(const struct keyring *keys, const struct object *secret,
                   struct object **out, struct err *e)
{
    struct object *copy;
    if (object_copy(secret, &copy))
        return err_no_memory(e);
    ProtobufCBinaryData *data = &copy->secret->spec->data;
    int r = payload_open(keys, object_id(copy), data, e);
    if (!r)
        r = payload_seal(keys, object_id(copy), data, e);
    if (r) {
        object_unref(copy);
        return r;
    }
    *out = copy;
    return 0;
}
