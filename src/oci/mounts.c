/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engines sort mounts, the shallow ones first: what takes the place of a stand-in lies
 * behind all that is above it. Several files of /run/secrets are one folder; it stands
 * where the first of them stood.
 */
#include "oci/mounts.h"

#include <assert.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "json/json.h"

static const char *text_of(const json_t *mount, const char *key)
{
    return json_string_value(json_object_get(mount, key));
}

static bool is_stand_in(const json_t *mount, const char *stand_in)
{
    return str_equal(text_of(mount, "source"), stand_in);
}

static bool has_place(const json_t *mount)
{
    const char *destination = text_of(mount, "destination");
    return destination && *destination == '/';
}

static int clean_destination(const json_t *mount, char **out, struct err *e)
{
    if (!has_place(mount))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "a mount without an absolute destination");
    *out = path_clean(text_of(mount, "destination"));
    return *out ? 0 : err_no_memory(e);
}

/* ---- finding ---- */

static const struct record_file *file_at(const struct record *r, const char *target)
{
    for (size_t i = 0; i < r->n_files; i++)
        if (str_equal(r->files[i].target, target))
            return &r->files[i];
    return NULL;
}

static int add(struct mounts *out, size_t at, const char *path,
               const struct record *record, struct err *e)
{
    const struct record_file *file = file_at(record, path);
    if (!file)
        return err_set(e, ERR_FAILED_PRECONDITION,
                       "%s: it isn't known which secret this file is: the container was "
                       "not created through cofferd, or its record is lost",
                       path);
    if (out->n == RECORD_FILES_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d files of secrets",
                       RECORD_FILES_MAX);
    out->items[out->n].at = at;
    out->items[out->n++].file = file;
    return 0;
}

bool mounts_has_stand_in(const json_t *list, const char *stand_in)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (is_stand_in(json_array_get(list, i), stand_in))
            return true;
    return false;
}

int mounts_find(const json_t *list, const char *stand_in, const struct record *record,
                struct mounts *out, struct err *e)
{
    int r = 0;
    out->n = 0;
    out->is_dir_taken = false;
    for (size_t i = 0; i < json_array_size(list) && !r; i++) {
        const json_t *mount = json_array_get(list, i);
        cleanup_free char *path = NULL;
        bool is_ours = is_stand_in(mount, stand_in);
        if (!is_ours && !has_place(mount))
            continue; /* the real runtime's affair */
        r = clean_destination(mount, &path, e);
        if (!r && is_ours)
            r = add(out, i, path, record, e);
        else if (!r)
            out->is_dir_taken |= secret_place_is_taken_by(path);
    }
    return r;
}

/* ---- replacing ---- */

static json_t *new_bind(const struct secret_bind *b)
{
    return json_pack("{s:s, s:s, s:s, s:[s,s,s,s,s,s]}", "destination", b->target, "type",
                     "bind", "source", b->source, "options", "bind", "ro", "nosuid",
                     "nodev", "noexec", "rprivate");
}

/* What shows the file of this target: itself, or the folder that it is in. */
static const struct secret_bind *bind_of(const struct secret_files *files,
                                         const char *target)
{
    const struct secret_bind *folder = NULL;
    for (size_t i = 0; i < files->n_binds; i++) {
        if (str_equal(files->binds[i].target, target))
            return &files->binds[i];
        if (path_is_within(target, files->binds[i].target))
            folder = &files->binds[i];
    }
    return folder;
}

static bool is_placed(const struct mounts *m, size_t n, const struct secret_files *files,
                      const struct secret_bind *b)
{
    for (size_t i = 0; i < n; i++)
        if (bind_of(files, m->items[i].file->target) == b)
            return true;
    return false;
}

/* From the last to the first, so that what is taken out moves none that is to come. */
int mounts_replace(json_t *list, const struct mounts *m, const struct secret_files *files,
                   struct err *e)
{
    int failed = 0;
    for (size_t i = m->n; i-- && !failed;) {
        const struct secret_bind *b = bind_of(files, m->items[i].file->target);
        assert(b);
        failed = is_placed(m, i, files, b)
                     ? json_array_remove(list, m->items[i].at)
                     : json_array_set_new(list, m->items[i].at, new_bind(b));
    }
    return failed ? err_no_memory(e) : 0;
}
