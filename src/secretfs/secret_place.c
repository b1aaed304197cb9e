/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets are what users wrote: every one is taken apart before it becomes a path.
 */
#include <limits.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "secretfs/secret_files.h"

#define SECRETS_DIR "/run/secrets/"

static int refuse(const char *target, const char *why, struct err *e)
{
    return err_set(e, ERR_INVALID_ARGUMENT, "invalid target \"%s\": %s", target, why);
}

static int check_part(const char *part, size_t n, const char *target, struct err *e)
{
    if (n == 0)
        return refuse(target, "it has an empty part", e);
    if (n > NAME_MAX)
        return refuse(target, "a part of it is too long", e);
    if (part[0] == '.' && (n == 1 || (n == 2 && part[1] == '.')))
        return refuse(target, "\".\" and \"..\" are not allowed", e);
    return 0;
}

static int check_path(const char *path, const char *target, struct err *e)
{
    unsigned depth = 0;
    for (;;) {
        size_t n = strcspn(path, "/");
        int r = check_part(path, n, target, e);
        if (r)
            return r;
        if (++depth > TARGET_PARTS_LIMIT)
            return refuse(target, "it has too many parts", e);
        if (!path[n])
            return 0;
        path += n + 1;
    }
}

int secret_place_of(const char *target, bool is_config, struct secret_place *out,
                    struct err *e)
{
    if (str_is_empty(target))
        return err_set(e, ERR_INVALID_ARGUMENT, "a secret or config has no target");
    if (strlen(target) >= TARGET_SIZE_LIMIT)
        return err_set(e, ERR_INVALID_ARGUMENT, "invalid target: it is too long");
    bool is_absolute = target[0] == '/';
    int r = check_path(target + is_absolute, target, e);
    if (r)
        return r;
    char path[SECRET_PLACE_SIZE];
    const char *folder = is_config ? "/" : SECRETS_DIR;
    snprintf(path, sizeof(path), "%s%s", is_absolute ? "" : folder, target);
    out->is_in_dir = str_starts_with(path, SECRETS_DIR);
    strcpy_cut(out->path, sizeof(out->path),
               path + (out->is_in_dir ? strlen(SECRETS_DIR) : 0));
    return 0;
}

bool secret_place_is_taken_by(const char *path)
{
    return path_is_within(target_place(path), "/run/secrets");
}
