/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/payload.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define CONTEXT "agent/secret/"

static_assert(sizeof(CONTEXT) - 1 + PAYLOAD_ID_MAX <= SEAL_CONTEXT_MAX, "ids fit");

struct context {
    char text[SEAL_CONTEXT_MAX + 1];
};

static int context_of(const char *id, struct context *out, struct err *e)
{
    if (strlen(id) > PAYLOAD_ID_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT, "the id of a secret is too long");
    snprintf(out->text, sizeof(out->text), CONTEXT "%s", id);
    return 0;
}

int payload_seal(const struct keyring *keys, Swarm__Secret *s, struct err *e)
{
    struct context context;
    cleanup_buf struct buf sealed = BUF_INIT;
    if (!s->spec)
        return 0;
    int r = context_of(s->id, &context, e);
    if (r)
        return r;
    ProtobufCBinaryData *data = &s->spec->data;
    if (keyring_seal(keys, context.text, data->data, data->len, &sealed))
        return err_no_memory(e);
    mem_wipe_free(data->data);
    data->len = sealed.len;
    data->data = (uint8_t *)buf_take(&sealed);
    return 0;
}

int payload_open(const struct keyring *keys, const char *id, const void *sealed, size_t n,
                 struct buf *out, struct err *e)
{
    struct context context;
    int r = context_of(id, &context, e);
    return r ?: keyring_open(keys, context.text, sealed, n, out, e);
}

int payload_open_file(const struct secret_file *f, struct buf *plain, struct err *e)
{
    return payload_open(f->keys, f->secret_id, f->data, f->n, plain, e);
}
