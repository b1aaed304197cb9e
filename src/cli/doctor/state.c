/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/doctor/doctor.h"

/* ---- the state folder ---- */

/* False when there is nothing at the path, or it may not be seen. */
static bool look_at(struct doctor *d, const char *what, const char *path, struct stat *st)
{
    if (lstat(path, st) == 0)
        return true;
    if (errno == EACCES)
        doctor_add(d, DOCTOR_WARN, what, "Run `coffer doctor` as root.",
                   "%s may not be looked at", path);
    return false;
}

static void check_private(struct doctor *d, const char *what, const char *path)
{
    struct stat st;
    if (!look_at(d, what, path, &st))
        return;
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        doctor_add(d, DOCTOR_FAIL, what, "Take it from the others: chmod go= on it.",
                   "%s is open to others than its owner (mode %04o)", path,
                   st.st_mode & 07777);
    else if (st.st_uid != 0)
        doctor_add(d, DOCTOR_WARN, what, "It should be root's.", "%s belongs to user %u",
                   path, (unsigned int)st.st_uid);
    else
        doctor_add(d, DOCTOR_OK, what, NULL, "%s, mode %04o", path, st.st_mode & 07777);
}

static void check_keys(struct doctor *d, const char *path)
{
    struct stat st;
    if (!look_at(d, "keys", path, &st))
        return;
    check_private(d, "keys", path);
    doctor_add(d, DOCTOR_WARN, "keys",
               "Who has a copy of the whole folder can read the store: keep backups of "
               "the two apart, or encrypt the disk.",
               "the key that opens the store lies beside it");
}

static void check_state_folder(struct doctor *d)
{
    struct stat st;
    cleanup_free char *keys = str_format("%s/swarm/keys", d->state_dir);
    cleanup_free char *store = str_format("%s/swarm/store.db", d->state_dir);
    if (!keys || !store) {
        d->no_memory = true;
        return;
    }
    if (lstat(d->state_dir, &st) && errno == ENOENT) {
        doctor_add(d, DOCTOR_WARN, "state",
                   "It is made when cofferd starts; --state-dir says where it is.",
                   "%s is not there", d->state_dir);
        return;
    }
    check_private(d, "state", d->state_dir);
    check_private(d, "store", store);
    check_keys(d, keys);
}

/* ---- the secrets' file system ---- */

/* One line of the mount table: the last one of a place is what is seen there. */
static bool find_mount(const struct doctor *d, const char *place, char type[32],
                       char options[256])
{
    char line[1024], at[512], kind[32], opts[256];
    bool found = false;
    FILE *f = doctor_open(d, "/proc/self/mounts");
    while (f && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%*s %511s %31s %255s", at, kind, opts) != 3 ||
            !str_equal(at, place))
            continue;
        found = true;
        strcpy_cut(type, 32, kind);
        strcpy_cut(options, 256, opts);
    }
    if (f)
        fclose(f);
    return found;
}

static bool has_option(const char *options, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = options; *p;) {
        size_t len = strcspn(p, ",");
        if (len == n && memcmp(p, name, n) == 0)
            return true;
        p += len + (p[len] == ',');
    }
    return false;
}

static void check_mount_options(struct doctor *d, const char *place, const char *type,
                                const char *options)
{
    static const char *const wanted[] = {"nosuid", "nodev", "noexec"};
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
        if (!has_option(options, wanted[i])) {
            doctor_add(d, DOCTOR_WARN, "secrets mount",
                       "Unmount it; cofferd mounts it anew when it starts.",
                       "%s is mounted without %s", place, wanted[i]);
            return;
        }
    bool safe = str_equal(type, "ramfs") || has_option(options, "noswap");
    doctor_add(d, safe ? DOCTOR_OK : DOCTOR_WARN, "secrets mount",
               safe ? NULL : "What is in it may be swapped out: see above.",
               "%s is %s (%s)", place, type, options);
}

static void check_secrets_mount(struct doctor *d)
{
    char type[32], options[256];
    cleanup_free char *place = str_format("%s/secrets", d->run_dir);
    if (!place)
        d->no_memory = true;
    else if (find_mount(d, place, type, options))
        check_mount_options(d, place, type, options);
    else
        doctor_add(
            d, DOCTOR_WARN, "secrets mount",
            "cofferd mounts it; from another mount namespace (or before it has run) "
            "it can't be seen. --run-dir says where it is.",
            "nothing is mounted at %s", place);
}

void doctor_check_state(struct doctor *d)
{
    check_state_folder(d);
    check_secrets_mount(d);
}
