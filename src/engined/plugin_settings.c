/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/plugin_settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
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

static int take_line(const char *name, const char *value, void *user, struct err *e)
{
    struct reader *reader = user;
    if (str_equal(name, "pattern"))
        return take_pattern(reader->s, value, e);
    if (str_equal(name, "enabled"))
        return take_enabled(reader->s, value, e);
    if (str_equal(name, "command") && !reader->takes_command)
        return take_command(reader->s, value, e);
    return take_own(reader->s, name, value, e);
}

static int read_file(const char *path, struct reader *reader, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    int r = file_read(path, PLUGIN_FILE_MAX, &text, e);
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
    free(s->pattern);
    free(s->command);
    *s = (struct plugin_settings){0};
}
