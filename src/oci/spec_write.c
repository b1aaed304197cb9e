/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "oci/spec_text.h"
#include "json/syntax.h"

/* A part of the text and what comes in its place. */
struct edit {
    struct span at;
    struct buf text;
};

static int keep(int r, struct err *e)
{
    return r ? err_no_memory(e) : 0;
}

/* ---- what changes ---- */

static int edit_args(const struct spec *s, const char *const *arguments,
                     struct edit *edit, struct err *e)
{
    cleanup_json json_t *args = NULL;
    if (!s->args.start)
        return err_set(e, ERR_UNIMPLEMENTED,
                       "a process without arguments can't have references");
    int r = spec_value(&s->text, s->args, &args, e);
    if (!r && !json_array_size(args))
        r = err_set(e, ERR_INVALID_ARGUMENT, "process.args is empty or not a list");
    for (size_t i = 0; i < 2 && !r; i++)
        r = keep(json_array_insert_new(args, i, json_string(arguments[i])), e);
    edit->at = s->args;
    return r ? r : keep(json_write(args, &edit->text), e);
}

static int put_path(json_t *path, struct buf *out, struct err *e)
{
    int r = keep(path ? json_write(path, out) : ERR_NO_MEMORY, e);
    json_decref(path);
    return r;
}

static int edit_root(const struct spec *s, const char *bundle, struct edit *edit,
                     struct err *e)
{
    struct span at;
    cleanup_json json_t *path = NULL;
    if (!s->root.start || !spec_find(&s->text, s->root, "path", &at))
        return 0;
    int r = spec_value(&s->text, at, &path, e);
    const char *text = json_string_value(path);
    if (r || !text || *text == '/')
        return r;
    edit->at = at;
    return put_path(json_sprintf("%s/%s", bundle, text), &edit->text, e);
}

/* ---- what can't be changed ---- */

static bool is_bind(const json_t *mount)
{
    const json_t *options = json_object_get(mount, "options");
    if (str_equal(json_string_value(json_object_get(mount, "type")), "bind"))
        return true;
    for (size_t i = 0; i < json_array_size(options); i++) {
        const char *option = json_string_value(json_array_get(options, i));
        if (str_equal(option, "bind") || str_equal(option, "rbind"))
            return true;
    }
    return false;
}

static int check_mounts(const struct spec *s, struct err *e)
{
    cleanup_json json_t *mounts = NULL;
    int r = spec_mounts(s, &mounts, e);
    for (size_t i = 0; i < json_array_size(mounts) && !r; i++) {
        const json_t *mount = json_array_get(mounts, i);
        const char *source = json_string_value(json_object_get(mount, "source"));
        if (source && *source != '/' && is_bind(mount))
            r = err_set(e, ERR_UNIMPLEMENTED,
                        "mount %s: a source relative to the bundle is not supported for "
                        "containers with references",
                        source);
    }
    return r;
}

/* ---- the whole ---- */

static int write_edits(const struct buf *text, struct edit *edits, size_t n,
                       struct buf *out)
{
    size_t done = 0;
    int r = 0;
    for (size_t i = 0; i < n && !r; i++) {
        if (!edits[i].at.start)
            continue;
        r = buf_append(out, text->data + done, edits[i].at.start - done);
        r = r ?: buf_append(out, edits[i].text.data, edits[i].text.len);
        done = edits[i].at.end;
    }
    return r ?: buf_append(out, text->data + done, text->len - done);
}

#define EDITS 3

static int compare(const void *a, const void *b)
{
    const struct edit *x = a, *y = b;
    return (x->at.start > y->at.start) - (x->at.start < y->at.start);
}

static int edit_config(const struct spec *s, const struct spec_changes *c,
                       struct edit edits[2], struct err *e)
{
    int r = edit_root(s, c->bundle, &edits[0], e);
    r = r ?: check_mounts(s, e);
    if (r || !c->mounts)
        return r;
    edits[1].at = s->mounts;
    return keep(json_write(c->mounts, &edits[1].text), e);
}

int spec_write(const struct spec *s, const struct spec_changes *c, struct buf *out,
               struct err *e)
{
    struct edit edits[EDITS] = {0};
    int r = c->arguments ? edit_args(s, c->arguments, &edits[0], e) : 0;
    if (!r && s->kind == SPEC_CONFIG)
        r = edit_config(s, c, &edits[1], e);
    qsort(edits, EDITS, sizeof(*edits), compare);
    if (!r)
        r = keep(write_edits(&s->text, edits, EDITS, out), e);
    for (size_t i = 0; i < EDITS; i++)
        buf_deinit(&edits[i].text);
    return r;
}
