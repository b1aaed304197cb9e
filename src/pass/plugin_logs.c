/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/home.h"
#include "base/mem.h"
#include "base/str.h"
#include "pass/plain_text.h"
#include "pass/verb.h"

/* The largest log that is shown. */
#define LOG_MAX (16 * 1024 * 1024)

/* What stands in the log of a plugin is that program's words; a terminal shall not take
 * any of them for orders. */
static int print_plainly(const struct buf *text, struct err *e)
{
    cleanup_buf struct buf plain = BUF_INIT;
    if (plain_text_append(&plain, buf_str(text), text->len, "\n\t"))
        return err_no_memory(e);
    fwrite(buf_str(&plain), 1, plain.len, stdout);
    return 0;
}

int plugins_logs_run(struct pass *p, struct err *e)
{
    const char *name = p->argv[0];
    cleanup_free char *folder = NULL;
    cleanup_buf struct buf text = BUF_INIT;
    if (!*name || name[0] == '.' || strchr(name, '/'))
        return err_set(e, ERR_INVALID_ARGUMENT, "%s is no name of a plugin", name);
    int r = home_data_folder(&folder, e);
    if (r)
        return r;
    cleanup_free char *path = str_format("%s/logs/%s.log", folder, name);
    if (!path)
        return err_no_memory(e);
    r = file_read(path, LOG_MAX, &text, e);
    if (r == ERR_NOT_FOUND)
        return err_set(e, r, "there is no log of a plugin %s (%s)", name, path);
    return r ? r : print_plainly(&text, e);
}
