/* SPDX-License-Identifier: Apache-2.0 */
#include "api/reference_files.h"

#include <string.h>

#include "api/json.h"
#include "api/references.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "oci/stand_in.h"
#include "resolver/reference.h"
#include "secretfs/secret_files.h"

#define MOUNT_TYPE "secret"

/* ---- one mount ---- */

static bool is_known(const char *key)
{
    static const char *const keys[] = {"Type", "Source", "Target", "ReadOnly"};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (str_equal_nocase(key, keys[i]))
            return true;
    return false;
}

static int check_options(json_t *mount, const char *source, struct err *e)
{
    for (void *at = json_object_iter(mount); at; at = json_object_iter_next(mount, at))
        if (!is_known(json_object_iter_key(at)) &&
            !json_is_null(json_object_iter_value(at)))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "mount of %s: the type " MOUNT_TYPE " has no option %s",
                           source, json_object_iter_key(at));
    return 0;
}

static int check_source(const char *source, struct err *e)
{
    cleanup_pattern struct pattern p = PATTERN_INIT;
    if (!source || !reference_is(source))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "a mount of the type " MOUNT_TYPE " needs a reference as its "
                       "source, such as se://db/password");
    int r = reference_parse(source, REFERENCE_PATTERN, &p, e);
    return r ? err_wrap(e, r, "mount of %s", source) : 0;
}

/* The target as an absolute path; of a pattern there is no last part to be taken. */
static int find_target(const char *source, const char *target, char **out, struct err *e)
{
    struct secret_place place;
    if (str_is_empty(target)) {
        target = strrchr(source, '/') + 1;
        if (strchr(target, '*'))
            return err_set(e, ERR_INVALID_ARGUMENT, "mount of %s: target is required",
                           source);
    }
    int r = secret_place_of(target, false, &place, e);
    if (r)
        return err_wrap(e, r, "mount of %s", source);
    *out = str_format("%s%s", place.is_in_dir ? "/run/secrets/" : "", place.path);
    return *out ? 0 : err_no_memory(e);
}

static int check_free(const struct record *r, const char *path, const char *source,
                      struct err *e)
{
    for (size_t i = 0; i < r->n_files; i++) {
        const char *a = target_place(r->files[i].target), *b = target_place(path);
        if (path_is_within(a, b) || path_is_within(b, a))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "mounts of %s and %s have a conflicting target: %s",
                           r->files[i].reference, source, path);
    }
    return 0;
}

static json_t *new_stand_in(const char *stand_in, const char *target)
{
    return json_pack("{s:s, s:s, s:s, s:b, s:{s:s}}", "Type", "bind", "Source", stand_in,
                     "Target", target, "ReadOnly", 1, "BindOptions", "Propagation",
                     "rprivate");
}

static int take_one(json_t *mounts, size_t i, const char *stand_in, struct record *out,
                    struct err *e)
{
    json_t *mount = json_array_get(mounts, i);
    const char *source = json_string_value(api_json_get(mount, "Source"));
    const char *target = json_string_value(api_json_get(mount, "Target"));
    cleanup_free char *path = NULL;
    int r = check_source(source, e);
    r = r ?: check_options(mount, source, e);
    r = r ?: find_target(source, target, &path, e);
    r = r ?: check_free(out, path, source, e);
    r = r ?: record_add_file(out, source, path, e);
    if (!r && json_array_set_new(mounts, i, new_stand_in(stand_in, path)))
        r = err_no_memory(e);
    return r;
}

/* ---- all of them ---- */

static bool is_ours(json_t *mounts, size_t i)
{
    json_t *type = api_json_get(json_array_get(mounts, i), "Type");
    return str_equal(json_string_value(type), MOUNT_TYPE);
}

int api_reference_files_take(const struct api *a, json_t *body, struct record *out,
                             struct err *e)
{
    json_t *mounts = api_json_get(api_json_get(body, "HostConfig"), "Mounts");
    cleanup_free char *stand_in = NULL;
    int r = 0;
    for (size_t i = 0; i < json_array_size(mounts) && !r; i++) {
        if (!is_ours(mounts, i))
            continue;
        if (!stand_in)
            r = stand_in_make(a->references, &stand_in, e);
        r = r ?: take_one(mounts, i, stand_in, out, e);
    }
    return r;
}

int api_reference_files_label(json_t *body, const struct record *r, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    int failed = 0;
    for (size_t i = 0; i < r->n_files && !failed; i++)
        failed = buf_printf(&text, "%s%s=%s", i ? "," : "", r->files[i].target,
                            r->files[i].reference);
    if (!failed)
        failed =
            json_object_set_new(api_json_get(body, "Labels"), API_LABEL_PREFIX "files",
                                json_string(buf_str(&text)));
    return failed ? err_no_memory(e) : 0;
}
