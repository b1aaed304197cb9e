/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin's settings, from any bytes: what they say is within its limits, and read as
 * the same again when it is written anew.
 */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/macro.h"
#include "base/str.h"
#include "engined/plugin_settings.h"
#include "settings_folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(struct buf *out, const char *key, const char *value)
{
    if (value && buf_printf(out, "%s = %s\n", key, value))
        abort();
}

static void write_settings(const struct plugin_settings *s, struct buf *out)
{
    static const char *const degrees[] = {NULL, "none", "calls", "full"};
    char memory[24];
    snprintf(memory, sizeof(memory), "%llu", (unsigned long long)s->memory);
    put(out, "pattern", s->pattern);
    put(out, "command", s->command);
    put(out, "enabled", !s->has_enabled ? NULL : s->is_enabled ? "true" : "false");
    put(out, "controls-access", s->controls_access ? "yes" : NULL);
    put(out, "confine", degrees[s->confinement]);
    put(out, "allow-network", !s->has_network ? NULL : s->allows_network ? "yes" : "no");
    put(out, "memory", s->memory ? memory : NULL);
    for (size_t i = 0; i < s->n_paths; i++)
        put(out, s->paths[i].is_writable ? "allow-write" : "allow-read",
            s->paths[i].path);
    for (size_t i = 0; i < s->n_lines; i++)
        put(out, s->lines[i].key, s->lines[i].value);
}

static bool same(const char *a, const char *b)
{
    return a == b || str_equal(a, b);
}

static void assert_same(const struct plugin_settings *a, const struct plugin_settings *b)
{
    assert(same(a->pattern, b->pattern) && same(a->command, b->command));
    assert(a->has_enabled == b->has_enabled && a->is_enabled == b->is_enabled);
    assert(a->controls_access == b->controls_access && a->confinement == b->confinement);
    assert(a->has_network == b->has_network && a->allows_network == b->allows_network);
    assert(a->memory == b->memory);
    assert(a->n_paths == b->n_paths && a->n_paths <= PLUGIN_PATHS_MAX);
    for (size_t i = 0; i < a->n_paths; i++)
        assert(*a->paths[i].path == '/' && same(a->paths[i].path, b->paths[i].path) &&
               a->paths[i].is_writable == b->paths[i].is_writable);
    assert(a->n_lines == b->n_lines && a->n_lines <= PLUGIN_LINES_MAX);
    for (size_t i = 0; i < a->n_lines; i++)
        assert(same(a->lines[i].key, b->lines[i].key) &&
               same(a->lines[i].value, b->lines[i].value));
}

static void check(const struct plugin_settings *s, bool takes_command)
{
    struct plugin_settings again;
    cleanup_buf struct buf text = BUF_INIT;
    write_settings(s, &text);
    if (text.len > PLUGIN_FILE_MAX) /* "~/" became longer */
        return;
    fuzz_write("plugins/x.conf", buf_str(&text), text.len);
    if (plugin_settings_read(fuzz_folder, "x", takes_command, &again, NULL))
        abort();
    assert_same(s, &again);
    plugin_settings_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_make_folder();
    for (int takes_command = 0; takes_command < 2; takes_command++) {
        struct plugin_settings s;
        fuzz_write("plugins/x.conf", data, size);
        if (plugin_settings_read(fuzz_folder, "x", takes_command, &s, NULL))
            continue;
        assert(s.is_there && (!s.memory || s.memory >= PLUGIN_MEMORY_MIN));
        check(&s, takes_command);
        plugin_settings_deinit(&s);
    }
    return 0;
}
