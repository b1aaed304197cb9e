/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/input.h"
#include "pass/resolve.h"
#include "pass/verb.h"

/* The largest template. */
#define TEMPLATE_MAX (4 * 1024 * 1024)

const struct flag inject_flags[] = {
    {"first-match", 0, &flag_switch,
     "Take the first of several secrets that match a reference", NULL, NULL},
    {0},
};

/* What stands at the path is replaced, a device or a link as well: it must be a file. The
 * name of the file on its way must be nobody's. */
static int check_place(const char *path, struct err *e)
{
    struct stat st;
    cleanup_free char *temporary = str_format("%s.tmp", path);
    if (!temporary)
        return err_no_memory(e);
    if (!lstat(path, &st) && !S_ISREG(st.st_mode))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "%s is no regular file (\"-\" is standard output)", path);
    if (!lstat(temporary, &st))
        return err_set(e, ERR_ALREADY_EXISTS,
                       "%s is in the way: the file is written there first", temporary);
    return 0;
}

/* A file is there as a whole or not at all, and is its owner's alone. */
static int write_out(const char *path, const struct buf *text, struct err *e)
{
    if (str_equal(path, "-")) {
        setvbuf(stdout, NULL, _IONBF, 0); /* keeps no copy of the values */
        fwrite(buf_str(text), 1, text->len, stdout);
        return 0;
    }
    int r = check_place(path, e);
    return r ? r : file_replace(path, 0600, buf_str(text), text->len, e);
}

static int fill(struct pass *p, const char *from, const struct buf *template,
                struct buf *out, struct err *e)
{
    cleanup_resolve struct resolve resolve = {
        .rule = flags_switch(&p->flags, "first-match") ? CHOICE_FIRST : CHOICE_ONLY};
    const char *text = buf_str(template);
    bool any;
    int r = resolve_want_text(&resolve, from, text, template->len, &any, e);
    if (!r)
        r = resolve_fetch(&resolve, p->secrets, e);
    return r ? r : resolve_text(&resolve, from, text, template->len, out, e);
}

int inject_run(struct pass *p, struct err *e)
{
    cleanup_buf struct buf template = BUF_INIT, out = BUF_INIT;
    int r = input_read(p->argv[0], true, TEMPLATE_MAX, &template, e);
    if (!r)
        r = fill(p, p->argv[0], &template, &out, e);
    return r ? r : write_out(p->argc > 1 ? p->argv[1] : "-", &out, e);
}
