/* SPDX-License-Identifier: Apache-2.0 */
#include "base/private_group.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

/* What an entry may take: a group has many members here and there. */
#define ENTRY_SIZE (1 << 20)
#define NAME_SIZE 256

/* The user's name; false also when another user has this primary group. */
static bool find_owner(FILE *users, uid_t user, gid_t group, char *text, char *name)
{
    struct passwd entry = {0}, *found;
    bool is_found = false;
    int r;
    while (!(r = fgetpwent_r(users, &entry, text, ENTRY_SIZE, &found))) {
        if (found->pw_gid == group && found->pw_uid != user)
            return false;
        if (found->pw_gid == group && !is_found) {
            strcpy_cut(name, NAME_SIZE, found->pw_name);
            is_found = true;
        }
    }
    return is_found && r == ENOENT;
}

static bool has_other_member(const struct group *group, const char *name)
{
    for (char *const *member = group->gr_mem; *member; member++)
        if (!str_equal(*member, name))
            return true;
    return false;
}

/* Each entry of the group counts: it may have more than one. */
static bool is_of_one(FILE *groups, gid_t group, char *text, const char *name)
{
    struct group entry = {0}, *found;
    bool is_found = false;
    int r;
    while (!(r = fgetgrent_r(groups, &entry, text, ENTRY_SIZE, &found))) {
        if (found->gr_gid != group)
            continue;
        if (has_other_member(found, name) || !str_equal(found->gr_name, name))
            return false;
        is_found = true;
    }
    return is_found && r == ENOENT;
}

bool private_group_is(FILE *users, FILE *groups, uid_t user, gid_t group)
{
    char name[NAME_SIZE];
    cleanup_free char *text = malloc(ENTRY_SIZE);
    return text && find_owner(users, user, group, text, name) &&
           is_of_one(groups, group, text, name);
}
