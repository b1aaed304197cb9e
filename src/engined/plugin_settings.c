/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/plugin_settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/macro.h"
#include "base/mem.h"
#include "base/settings.h"
#include "base/str.h"
#include "resolver/pattern.h"
#include "resolver/plugin.h"

bool plugin_name_is_plain(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._-";
    size_t n = strlen(name);
    return n && n <= PLUGIN_NAME_MAX && name[0] != '.' && strspn(name, allowed) == n;
}

struct reader {
    struct plugin_settings *s;
    bool takes_command;
};

static int copy(char **field, const char *value, struct err *e)
{
    mem_wipe_free(*field);
    *field = strdup(value);
    return *field ? 0 : err_no_memory(e);
}

static int take_pattern(struct plugin_settings *s, const char *value, struct err *e)
{
    cleanup_pattern struct pattern p = PATTERN_INIT;
    int r = pattern_parse(&p, value, strlen(value), e);
    return r ? r : copy(&s->pattern, value, e);
}

static int take_enabled(struct plugin_settings *s, const char *value, struct err *e)
{
    s->has_enabled = true;
    s->is_enabled = str_equal(value, "true");
    return s->is_enabled || str_equal(value, "false")
               ? 0
               : err_set(e, ERR_INVALID_ARGUMENT, "enabled is 'true' or 'false'");
}

static int take_command(struct plugin_settings *s, const char *value, struct err *e)
{
    if (*value != '/')
        return err_set(e, ERR_INVALID_ARGUMENT, "command is not an absolute path");
    return copy(&s->command, value, e);
}

static int take_controls_access(struct plugin_settings *s, const char *value,
                                struct err *e)
{
    s->controls_access = str_equal(value, "yes");
    return s->controls_access || str_equal(value, "no")
               ? 0
               : err_set(e, ERR_INVALID_ARGUMENT, "controls-access is 'yes' or 'no'");
}

/* ---- its confinement ---- */

static int take_confinement(struct plugin_settings *s, const char *value, struct err *e)
{
    if (str_equal(value, "full"))
        s->confinement = CONFINEMENT_FULL;
    else if (str_equal(value, "calls"))
        s->confinement = CONFINEMENT_CALLS;
    else if (str_equal(value, "none"))
        s->confinement = CONFINEMENT_NONE;
    else
        return err_set(e, ERR_INVALID_ARGUMENT, "confine is 'full', 'calls' or 'none'");
    return 0;
}

static int add_path(struct plugin_settings *s, const char *value, bool is_writable,
                    struct err *e)
{
    const char *home = getenv("HOME");
    bool is_in_home = str_starts_with(value, "~/") && home && *home == '/';
    if (!is_in_home && *value != '/')
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "'%s' is not an absolute path, nor one that begins with '~/'",
                       value);
    if (s->n_paths == PLUGIN_PATHS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d paths", PLUGIN_PATHS_MAX);
    char *path = is_in_home ? str_format("%s%s", home, value + 1) : strdup(value);
    if (!path)
        return err_no_memory(e);
    s->paths[s->n_paths++] = (struct plugin_path){path, is_writable};
    return 0;
}

static int take_read(struct plugin_settings *s, const char *value, struct err *e)
{
    return add_path(s, value, false, e);
}

static int take_write(struct plugin_settings *s, const char *value, struct err *e)
{
    return add_path(s, value, true, e);
}

static int take_network(struct plugin_settings *s, const char *value, struct err *e)
{
    s->has_network = true;
    s->allows_network = str_equal(value, "yes");
    return s->allows_network || str_equal(value, "no")
               ? 0
               : err_set(e, ERR_INVALID_ARGUMENT, "allow-network is 'yes' or 'no'");
}

static unsigned unit_of(char letter)
{
    return letter == 'g' ? 30 : letter == 'm' ? 20 : letter == 'k' ? 10 : 0;
}

static int take_memory(struct plugin_settings *s, const char *value, struct err *e)
{
    char digits[16];
    uint64_t n;
    size_t len = strlen(value);
    unsigned shift = len ? unit_of(value[len - 1]) : 0;
    strcpy_cut(digits, sizeof(digits), value);
    if (shift && len < sizeof(digits))
        digits[len - 1] = '\0';
    if (len >= sizeof(digits) || !str_to_u64(digits, &n) ||
        n > PLUGIN_MEMORY_MAX >> shift || n << shift < PLUGIN_MEMORY_MIN)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "memory is a number of bytes such as 512m, at least 16m");
    s->memory = n << shift;
    return 0;
}

/* ---- lines ---- */

static int take_own(struct plugin_settings *s, const char *key, const char *value,
                    struct err *e)
{
    for (size_t i = 0; i < s->n_lines; i++)
        if (str_equal(s->lines[i].key, key))
            return err_set(e, ERR_INVALID_ARGUMENT, "%s stands there twice", key);
    if (s->n_lines == PLUGIN_LINES_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d settings",
                       PLUGIN_LINES_MAX);
    struct plugin_line *line = &s->lines[s->n_lines++];
    int r = copy(&line->key, key, e);
    return r ? r : copy(&line->value, value, e);
}

static const struct key {
    const char *name;
    int (*take)(struct plugin_settings *s, const char *value, struct err *e);
} keys[] = {
    {"pattern", take_pattern},
    {"enabled", take_enabled},
    {"controls-access", take_controls_access},
    {"confine", take_confinement},
    {"allow-read", take_read},
    {"allow-write", take_write},
    {"allow-network", take_network},
    {"memory", take_memory},
};

static int take_line(const char *name, const char *value, void *user, struct err *e)
{
    struct reader *reader = user;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (str_equal(name, keys[i].name))
            return keys[i].take(reader->s, value, e);
    if (str_equal(name, "command") && !reader->takes_command)
        return take_command(reader->s, value, e);
    return take_own(reader->s, name, value, e);
}

static int read_file(const char *path, struct reader *reader, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    int r = file_read_trusted(path, PLUGIN_FILE_MAX, &text, e);
    if (r)
        return r == ERR_NOT_FOUND ? 0 : r;
    reader->s->is_there = true;
    r = text.len ? settings_read(text.data, take_line, reader, e) : 0;
    return r ? err_wrap(e, r, "%s", path) : 0;
}

int plugin_settings_read(const char *folder, const char *name, bool takes_command,
                         struct plugin_settings *out, struct err *e)
{
    *out = (struct plugin_settings){0};
    struct reader reader = {out, takes_command};
    cleanup_free char *path = str_format("%s/plugins/%s.conf", folder, name);
    if (!path)
        return err_no_memory(e);
    int r = read_file(path, &reader, e);
    if (r)
        plugin_settings_deinit(out);
    return r;
}

void plugin_settings_deinit(struct plugin_settings *s)
{
    for (size_t i = 0; i < s->n_lines; i++) {
        mem_wipe_free(s->lines[i].key);
        mem_wipe_free(s->lines[i].value);
    }
    for (size_t i = 0; i < s->n_paths; i++)
        free(s->paths[i].path);
    free(s->pattern);
    free(s->command);
    *s = (struct plugin_settings){0};
}
