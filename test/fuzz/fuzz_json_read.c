/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text: the first byte chooses the limits, the rest is the text. What was read and
 * written must read and write the same again.
 */
#include "base/mem.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void read_again(const json_t *j)
{
    static const struct json_limits none = {
        .bytes = SIZE_MAX, .values = SIZE_MAX, .depth = JSON_DEPTH_MAX};
    cleanup_buf struct buf text = BUF_INIT, again = BUF_INIT;
    cleanup_json json_t *same = NULL;
    check(json_write(j, &text) == 0);
    check(json_read(text.data, text.len, &none, &same, NULL) == 0);
    check(json_write(same, &again) == 0);
    check(text.len == again.len && memcmp(text.data, again.data, text.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct json_limits limits = {.bytes = SIZE_MAX,
                                       .values = data[0] % 16 ? 1000 : 4,
                                       .depth = data[0] / 16 ? JSON_DEPTH_MAX : 2,
                                       .mends_strings = data[0] % 16 == 2};
    struct err e = {0};
    cleanup_json json_t *j = NULL;
    json_setup();
    int r = json_read(data + 1, size - 1, &limits, &j, &e);
    check(r ? !j && e.text[0] : j != NULL);
    if (j)
        read_again(j);
    return 0;
}
