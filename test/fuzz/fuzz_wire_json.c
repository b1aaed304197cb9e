/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a text as a message of the type that the first byte chooses. What was read packs
 * and unpacks, and its JSON reads to the same message.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "secrets/accesscontrol.pb-c.h"
#include "secrets/plugins.pb-c.h"
#include "secrets/resolver.pb-c.h"
#include "wire/message_json.h"
#include "json/json.h"

static const ProtobufCMessageDescriptor *const types[] = {
    &resolver__v1__get_secrets_response__descriptor,
    &plugins__v1__list_plugins_response__descriptor,
    &plugins__v1__register_plugin_response__descriptor,
    &accesscontrol__v1__authorize_request__descriptor,
};

static void must(bool ok)
{
    if (!ok)
        abort();
}

static bool is_equal(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && (!a->len || memcmp(a->data, b->data, a->len) == 0);
}

static void check(const ProtobufCMessage *m)
{
    struct buf packed = BUF_INIT, text = BUF_INIT, again = BUF_INIT;
    ProtobufCMessage *unpacked = NULL, *reread = NULL;
    must(!message_pack(m, &packed));
    must(!message_unpack(m->descriptor, packed.data, packed.len, &unpacked, NULL));
    must(!message_to_json(unpacked, &text, NULL));
    must(!message_from_json(m->descriptor, text.data, text.len, &reread, NULL));
    must(!message_pack(reread, &again));
    must(is_equal(&packed, &again));
    message_free(unpacked);
    message_free(reread);
    buf_deinit(&packed);
    buf_deinit(&text);
    buf_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ProtobufCMessage *m = NULL;
    if (size < 1)
        return 0;
    json_setup();
    if (message_from_json(types[data[0] % ARRAY_SIZE(types)], data + 1, size - 1, &m,
                          NULL) == 0)
        check(m);
    message_free(m);
    return 0;
}
