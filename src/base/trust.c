/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trust.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

/* What the entry of a user or a group may take; one that is longer isn't known. */
#define ENTRY_SIZE 16384

/* ---- groups ---- */

static bool has_other_member(const struct group *group, const char *name)
{
    for (char *const *member = group->gr_mem; *member; member++)
        if (!str_equal(*member, name))
            return true;
    return false;
}

/* The user's own group, which has its name, and nobody else in it. */
static bool is_private(gid_t gid, uid_t uid)
{
    struct passwd user, *found_user = NULL;
    struct group group, *found_group = NULL;
    cleanup_free char *user_text = malloc(ENTRY_SIZE), *group_text = malloc(ENTRY_SIZE);
    if (!user_text || !group_text)
        return false;
    return !getpwuid_r(uid, &user, user_text, ENTRY_SIZE, &found_user) && found_user &&
           user.pw_gid == gid &&
           !getgrgid_r(gid, &group, group_text, ENTRY_SIZE, &found_group) &&
           found_group && str_equal(group.gr_name, user.pw_name) &&
           !has_other_member(&group, user.pw_name);
}

/* ---- files and folders ---- */

int trust_check(const char *path, const struct stat *st, struct err *e)
{
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return err_set(e, ERR_PERMISSION_DENIED,
                       "%s is user %lu's, and counts for that user alone", path,
                       (unsigned long)st->st_uid);
    if (st->st_mode & S_IWOTH ||
        (st->st_mode & S_IWGRP && !is_private(st->st_gid, st->st_uid)))
        return err_set(e, ERR_PERMISSION_DENIED, "others can write to %s: chmod go-w %s",
                       path, path);
    return 0;
}

static int check_name(const char *path, struct err *e)
{
    struct stat st;
    if (stat(path, &st))
        return err_errno(e, errno, "look at %s", path);
    return trust_check(path, &st, e);
}

int trust_check_folder_of(const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    cleanup_free char *folder = slash ? mem_dup(path, n ? n : 1) : mem_dup(".", 1);
    return folder ? check_name(folder, e) : err_no_memory(e);
}

int trust_check_path(const char *path, struct err *e)
{
    cleanup_free char *real = realpath(path, NULL);
    if (!real)
        return err_errno(e, errno, "look at %s", path);
    int r = check_name(real, e);
    if (!r)
        r = trust_check_folder_of(real, e);
    return r || str_equal(real, path) ? r : trust_check_folder_of(path, e);
}
