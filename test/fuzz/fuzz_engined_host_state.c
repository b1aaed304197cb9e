/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the plugins, from any bytes: something comes of it whatever they are, each
 * name is one of a plugin, and what is written of it is read as the same again.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engined/host_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(struct map *switches, char *text, size_t n)
{
    if (text && host_state_parse(switches, text, n, NULL))
        abort();
}

static void assert_same(const struct map *a, const struct map *b)
{
    assert(a->len == b->len);
    for (size_t i = 0; i < a->len; i++) {
        assert(plugin_name_is_plain(a->entries[i].key));
        assert(str_equal(a->entries[i].key, b->entries[i].key));
        assert(str_equal(a->entries[i].value, b->entries[i].value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct map first = MAP_INIT, again = MAP_INIT;
    cleanup_buf struct buf written = BUF_INIT;
    cleanup_free char *text = mem_dup(data, size);
    log_set_level(LOG_ERROR);
    parse(&first, text, size);
    if (host_state_write(&first, &written))
        abort();
    parse(&again, written.data, written.len);
    assert_same(&first, &again);
    map_deinit(&first);
    map_deinit(&again);
    return 0;
}
