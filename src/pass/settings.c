/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/settings.h"

#include <string.h>

#include "base/file.h"
#include "base/home.h"
#include "base/mem.h"
#include "base/str.h"

#define FILE_NAME "engine.conf"

/* Is this line (n bytes) the setting of that name? */
static bool is_setting(const char *line, size_t n, const char *name)
{
    size_t blanks = strspn(line, " \t"), len = strlen(name);
    if (blanks + len >= n || memcmp(line + blanks, name, len) != 0)
        return false;
    size_t at = blanks + len;
    at += strspn(line + at, " \t");
    return at < n && line[at] == '=';
}

int settings_replace(const char *text, const char *name, const char *value,
                     struct buf *out)
{
    int r = 0;
    while (*text && !r) {
        size_t n = strcspn(text, "\n");
        if (!is_setting(text, n, name))
            r = buf_append(out, text, n) || buf_append_char(out, '\n') ? ERR_NO_MEMORY
                                                                       : 0;
        text += n + (text[n] == '\n');
    }
    return r ? r : buf_printf(out, "%s = %s\n", name, value);
}

int settings_write(const char *name, const char *value, struct err *e)
{
    cleanup_free char *folder = NULL;
    cleanup_buf struct buf old = BUF_INIT, new = BUF_INIT;
    int r = home_config_folder(&folder, e);
    if (r)
        return r;
    cleanup_free char *path = str_format("%s/" FILE_NAME, folder);
    if (!path)
        return err_no_memory(e);
    r = file_read(path, SETTINGS_MAX, &old, e);
    if (r && r != ERR_NOT_FOUND)
        return r;
    if (strlen(buf_str(&old)) != old.len)
        return err_set(e, ERR_DATA_LOSS, "%s has a NUL byte: no text", path);
    if (settings_replace(buf_str(&old), name, value, &new))
        return err_no_memory(e);
    r = file_make_folders(folder, e);
    return r ? r : file_replace(path, 0600, new.data, new.len, e);
}
