/* SPDX-License-Identifier: Apache-2.0 */
/* What a person switched on and off: lines "NAME = enabled" in the data folder. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/trust.h"
#include "engined/host_private.h"

#define STATE_FILE "plugins.state"
#define STATE_FILE_MAX 65536

static char enabled[] = "enabled", disabled[] = "disabled";

static char *state_path(const struct host *h)
{
    return str_format("%s/%s", h->config->data_folder, STATE_FILE);
}

/* A word that is none we know means that it was somebody's will: it doesn't run. */
static int take_line(const char *name, const char *value, void *user, struct err *e)
{
    struct map *switches = user;
    char *word = str_equal(value, enabled) ? enabled : disabled;
    if (!plugin_name_is_plain(name))
        return err_set(e, ERR_DATA_LOSS, "'%s' is no name of a plugin", name);
    return map_put(switches, name, word, NULL) ? err_no_memory(e) : 0;
}

int host_state_parse(struct map *switches, char *text, size_t n, struct err *e)
{
    struct err why;
    int r = 0;
    for (size_t i = 0; i < n; i++)
        text[i] = text[i] ? text[i] : '?'; /* a text, whatever it was */
    for (char *line; r != ERR_NO_MEMORY && (line = strsep(&text, "\n"));)
        if ((r = settings_read(line, take_line, switches, &why)) && r != ERR_NO_MEMORY)
            log_warn("a line of " STATE_FILE " is passed over: %s", err_text(&why));
    return r == ERR_NO_MEMORY ? err_no_memory(e) : 0;
}

int host_state_load(struct host *h, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_free char *path = state_path(h);
    if (!path)
        return err_no_memory(e);
    int r = trust_check_path(path, e);
    if (!r)
        r = file_read(path, STATE_FILE_MAX, &text, e);
    if (r == ERR_DATA_LOSS)
        log_warn("what was switched on and off is not known: %s", err_text(e));
    if (r)
        return r == ERR_NOT_FOUND || r == ERR_DATA_LOSS ? 0 : r;
    return text.len ? host_state_parse(&h->switches, text.data, text.len, e) : 0;
}

int host_state_write(const struct map *switches, struct buf *out)
{
    int r = 0;
    for (size_t i = 0; i < switches->len && !r; i++)
        r = buf_printf(out, "%s = %s\n", switches->entries[i].key,
                       (const char *)switches->entries[i].value);
    return r;
}

static int save(const struct host *h, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_free char *path = state_path(h);
    if (!path || host_state_write(&h->switches, &text))
        return err_no_memory(e);
    return file_replace(path, 0600, text.data, text.len, e);
}

int host_state_set(struct host *h, const char *name, bool is_enabled, struct err *e)
{
    void *old = map_get(&h->switches, name);
    if (map_put(&h->switches, name, is_enabled ? enabled : disabled, NULL))
        return err_no_memory(e);
    int r = save(h, e);
    if (r && old)
        (void)!map_put(&h->switches, name, old, NULL); /* has its place already */
    else if (r)
        (void)map_remove(&h->switches, name);
    return r;
}

void host_state_deinit(struct host *h)
{
    map_deinit(&h->switches);
}
