/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock by its plain system calls, as far as this kernel's version of it goes: what a
 * version doesn't know it doesn't forbid. Sockets that are files can still be connected
 * to.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/mem.h"
#include "engined/confine.h"
#include "engined/confine_private.h"

/* What headers of this age don't have. */
#define RIGHT_REFER (UINT64_C(1) << 13)
#define RIGHT_TRUNCATE (UINT64_C(1) << 14)
#define RIGHT_IOCTL (UINT64_C(1) << 15)
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

struct ruleset {
    uint64_t files, network, scope;
};

/* The first versions that know those. */
enum {
    VERSION_REFER = 2,
    VERSION_TRUNCATE,
    VERSION_IOCTL = 5,
    VERSION_SCOPE
};

#define RIGHTS_ALL (RIGHT_IOCTL * 2 - 1)
#define RIGHTS_READ                                                                      \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |                         \
     LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHTS_WRITE                                                                     \
    (RIGHTS_ALL & ~(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |          \
                    LANDLOCK_ACCESS_FS_MAKE_BLOCK | RIGHT_IOCTL))
#define RIGHTS_DEVICE                                                                    \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |                        \
     LANDLOCK_ACCESS_FS_WRITE_FILE | RIGHT_IOCTL)

/* Those that a rule for a file may have. */
#define RIGHTS_FILE                                                                      \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |                         \
     LANDLOCK_ACCESS_FS_WRITE_FILE | RIGHT_TRUNCATE | RIGHT_IOCTL)

/* What each program needs: others' libraries and settings, names and certificates. */
static const char *const common[] = {
    "r/usr",
    "r/lib",
    "r/lib32",
    "r/lib64",
    "r/libx32",
    "r/bin",
    "r/sbin",
    "r/opt",
    "r/nix",
    "r/gnu",
    "r/snap",
    "r/etc",
    "r/proc",
    "r/sys",
    "r/run/current-system",
    "r/run/systemd/resolve",
    "r/run/resolvconf",
    "r/run/NetworkManager",
    "r/var/lib/ca-certificates",
    "d/dev/null",
    "d/dev/zero",
    "d/dev/full",
    "d/dev/random",
    "d/dev/urandom",
};

static int version(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
                        LANDLOCK_CREATE_RULESET_VERSION);
}

bool confine_has_folders(void)
{
    return version() > 0;
}

static uint64_t known_rights(int v)
{
    uint64_t rights = RIGHTS_ALL;
    if (v < VERSION_REFER)
        rights &= ~RIGHT_REFER;
    if (v < VERSION_TRUNCATE)
        rights &= ~RIGHT_TRUNCATE;
    if (v < VERSION_IOCTL)
        rights &= ~RIGHT_IOCTL;
    return rights;
}

static uint64_t rights_of(char letter)
{
    if (letter == CONFINE_WRITE)
        return RIGHTS_WRITE;
    return letter == CONFINE_DEVICE ? RIGHTS_DEVICE : RIGHTS_READ;
}

/* A place that isn't there, or can't be reached, needs no right. */
static int allow(int set, uint64_t known, const char *word)
{
    struct stat st;
    cleanup_fd int fd = open(word + 1, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOMEM || errno == EMFILE ? -1 : 0;
    struct landlock_path_beneath_attr rule = {
        .allowed_access = rights_of(word[0]) & known, .parent_fd = fd};
    if (fstat(fd, &st))
        return -1;
    if (!S_ISDIR(st.st_mode))
        rule.allowed_access &= RIGHTS_FILE;
    return (int)syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static int allow_all(int set, uint64_t known, char *const *paths)
{
    int r = 0;
    for (size_t i = 0; i < ARRAY_SIZE(common) && !r; i++)
        r = allow(set, known, common[i]);
    for (; *paths && !r; paths++)
        r = allow(set, known, *paths);
    return r;
}

int confine_folders(char *const *paths)
{
    int v = version();
    if (v <= 0)
        return 0;
    struct ruleset rules = {.files = known_rights(v),
                            .scope = v < VERSION_SCOPE ? 0 : SCOPE_SIGNAL};
    /* A kernel takes a struct that is longer than its own if the rest is 0. */
    cleanup_fd int set =
        (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
    if (set < 0 || allow_all(set, rules.files, paths))
        return -1;
    return (int)syscall(SYS_landlock_restrict_self, set, 0);
}
