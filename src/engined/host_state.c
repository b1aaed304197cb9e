/* SPDX-License-Identifier: Apache-2.0 */
/* What a person switched on and off: lines "NAME = enabled" in the data folder. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/settings.h"
#include "base/str.h"
#include "engined/host_private.h"

#define STATE_FILE "plugins.state"
#define STATE_FILE_MAX 65536

static char enabled[] = "enabled", disabled[] = "disabled";

static char *state_path(const struct host *h)
{
    return str_format("%s/%s", h->config->data_folder, STATE_FILE);
}

static int take_line(const char *name, const char *value, void *user, struct err *e)
{
    struct host *h = user;
    char *word = str_equal(value, enabled)    ? enabled
                 : str_equal(value, disabled) ? disabled
                                              : NULL;
    if (!word || !plugin_name_is_plain(name))
        return err_set(e, ERR_DATA_LOSS, "it is not of the form 'NAME = enabled'");
    return map_put(&h->switches, name, word, NULL) ? err_no_memory(e) : 0;
}

int host_state_load(struct host *h, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_free char *path = state_path(h);
    if (!path)
        return err_no_memory(e);
    int r = file_read(path, STATE_FILE_MAX, &text, e);
    if (r)
        return r == ERR_NOT_FOUND ? 0 : r;
    r = text.len ? settings_read(text.data, take_line, h, e) : 0;
    return r ? err_wrap(e, r, "%s", path) : 0;
}

static int write_state(const struct host *h, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_free char *path = state_path(h);
    int r = path ? 0 : ERR_NO_MEMORY;
    for (size_t i = 0; i < h->switches.len && !r; i++)
        r = buf_printf(&text, "%s = %s\n", h->switches.entries[i].key,
                       (const char *)h->switches.entries[i].value);
    return r ? err_no_memory(e) : file_replace(path, 0600, text.data, text.len, e);
}

int host_state_set(struct host *h, const char *name, bool is_enabled, struct err *e)
{
    if (map_put(&h->switches, name, is_enabled ? enabled : disabled, NULL))
        return err_no_memory(e);
    return write_state(h, e);
}

void host_state_deinit(struct host *h)
{
    map_deinit(&h->switches);
}
