/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/file.h"
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

/* A file is there as a whole or not at all, and is its owner's alone. */
static int write_out(const char *path, const struct buf *text, struct err *e)
{
    if (!str_equal(path, "-"))
        return file_replace(path, 0600, buf_str(text), text->len, e);
    fwrite(buf_str(text), 1, text->len, stdout);
    return 0;
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
