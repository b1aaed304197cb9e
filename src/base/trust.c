/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trust.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/private_group.h"
#include "base/str.h"

#define USERS "/etc/passwd"
#define GROUPS "/etc/group"
#define ACCESS_LIST "system.posix_acl_access"

/* ---- groups ---- */

/* Of the files of the system alone: to ask a directory of users may take long, and it
 * wouldn't name all of them. */
static bool is_private(gid_t group, uid_t user)
{
    FILE *users = fopen(USERS, "re"), *groups = fopen(GROUPS, "re");
    bool is = users && groups && private_group_is(users, groups, user, group);
    if (users)
        (void)fclose(users);
    if (groups)
        (void)fclose(groups);
    return is;
}

/* With an access list the group's bits say what it gives anybody at most. */
static bool has_access_list(const char *path)
{
    return getxattr(path, ACCESS_LIST, NULL, 0) >= 0 ||
           (errno != ENODATA && errno != ENOTSUP);
}

static bool can_others_write(const char *path, const struct stat *st, bool is_program)
{
    if (!(st->st_mode & S_IWGRP))
        return st->st_mode & S_IWOTH;
    return st->st_mode & S_IWOTH || is_program || has_access_list(path) ||
           !is_private(st->st_gid, st->st_uid);
}

/* ---- files and folders ---- */

static int check(const char *path, const struct stat *st, bool is_program, struct err *e)
{
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return err_set(e, ERR_PERMISSION_DENIED,
                       "%s is user %lu's, and counts for that user alone", path,
                       (unsigned long)st->st_uid);
    if (can_others_write(path, st, is_program))
        return err_set(e, ERR_PERMISSION_DENIED, "others can write to %s: chmod go-w %s",
                       path, path);
    return 0;
}

static int check_name(const char *path, bool is_program, struct err *e)
{
    struct stat st;
    if (stat(path, &st))
        return err_errno(e, errno, "look at %s", path);
    return check(path, &st, is_program, e);
}

static int check_folder_of(const char *path, bool is_program, struct err *e)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    cleanup_free char *folder = slash ? mem_dup(path, n ? n : 1) : mem_dup(".", 1);
    return folder ? check_name(folder, is_program, e) : err_no_memory(e);
}

static int check_path(const char *path, bool is_program, struct err *e)
{
    cleanup_free char *real = realpath(path, NULL);
    if (!real)
        return err_errno(e, errno, "look at %s", path);
    int r = check_name(real, is_program, e);
    if (!r)
        r = check_folder_of(real, is_program, e);
    return r || str_equal(real, path) ? r : check_folder_of(path, is_program, e);
}

int trust_check(const char *path, const struct stat *st, struct err *e)
{
    return check(path, st, false, e);
}

int trust_check_folder_of(const char *path, struct err *e)
{
    return check_folder_of(path, false, e);
}

int trust_check_path(const char *path, struct err *e)
{
    return check_path(path, false, e);
}

int trust_check_program(const char *path, struct err *e)
{
    return check_path(path, true, e);
}
