/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON bodies: the first byte chooses the table, the rest is the text. What our check
 * accepts, jansson must read; and what was decoded and written must be written the same
 * once it was read again.
 */
#include "api/tables.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct api_table *const tables[] = {
    &api_table_secret_spec,  &api_table_config_spec,  &api_table_node_spec,
    &api_table_cluster_spec, &api_table_service_spec,
};

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void encode(const struct api_table *table, const ProtobufCMessage *m,
                   struct buf *out)
{
    struct api_json_out w;
    api_json_begin(&w, out);
    api_table_encode(table, m, &w);
    check(api_json_end(&w) == 0);
}

static void decode_again(const struct api_table *table, const struct buf *text)
{
    cleanup_json json_t *j = NULL;
    cleanup_buf struct buf again = BUF_INIT;
    ProtobufCMessage *m = NULL;
    check(api_json_parse(text->data, text->len, &j, NULL) == 0);
    check(api_table_decode_new(table, j, &m, NULL) == 0);
    encode(table, m, &again);
    check(text->len == again.len && memcmp(text->data, again.data, again.len) == 0);
    message_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {0};
    cleanup_json json_t *j = NULL;
    cleanup_buf struct buf text = BUF_INIT;
    ProtobufCMessage *m = NULL;
    if (size == 0)
        return 0;
    json_setup();
    const struct api_table *table = tables[data[0] % ARRAY_SIZE(tables)];
    if (api_json_parse((const char *)data + 1, size - 1, &j, &e) ||
        api_table_decode_new(table, j, &m, &e)) {
        check(e.code != 0 && e.text[0]);
        return 0;
    }
    encode(table, m, &text);
    decode_again(table, &text);
    message_free(m);
    return 0;
}
