/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/confine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/str.h"
#include "engined/confine_private.h"
#include "engined/keeper.h"

#define EXIT_CANNOT_EXECUTE 126

/* Addresses beyond the data: programs in Go ask for many. */
#define ADDRESSES_MORE (UINT64_C(3) << 30)
#define FILE_MAX (UINT64_C(64) << 20)
#define DESCRIPTORS_MAX 256
#define CPU_SECONDS_MAX 3600 /* of a run that never ends this is a runaway's */

/* Where the words are. */
enum {
    ENGINE = 2,
    HOW,
    MEMORY,
    PROGRAM,
    PATHS
};

bool confine_is_asked(int argc, char **argv)
{
    return argc >= CONFINE_WORDS && str_equal(argv[1], CONFINE_FLAG);
}

static int fail(const char *what)
{
    fprintf(stderr, "confine: %s: %s\n", what, strerror(errno));
    return EXIT_CANNOT_EXECUTE;
}

static int limit(int resource, rlim_t value)
{
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)resource, &now))
        return -1;
    if (value > now.rlim_max)
        value = now.rlim_max;
    struct rlimit wanted = {value, value};
    return setrlimit((__rlimit_resource_t)resource, &wanted);
}

static int set_limits(const char *memory)
{
    uint64_t data;
    if (!str_to_u64(memory, &data)) {
        errno = EINVAL;
        return -1;
    }
    if (!IS_SANITIZED &&
        (limit(RLIMIT_DATA, data) || limit(RLIMIT_AS, data + ADDRESSES_MORE)))
        return -1;
    return limit(RLIMIT_CORE, 0) || limit(RLIMIT_FSIZE, FILE_MAX) ||
                   limit(RLIMIT_NOFILE, DESCRIPTORS_MAX) ||
                   limit(RLIMIT_CPU, CPU_SECONDS_MAX)
               ? -1
               : 0;
}

/* The child of the keeper: returns only when it fails. */
static int become(void *user)
{
    char **argv = user;
    char *program[] = {argv[PROGRAM], NULL};
    const char *how = argv[HOW];
    if (set_limits(argv[MEMORY]))
        return fail("set limits");
    if (strchr(how, CONFINE_CALLS) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return fail("give up new privileges");
    if (strchr(how, CONFINE_FOLDERS) && confine_folders(argv + PATHS))
        return fail("confine it to its folders");
    if (strchr(how, CONFINE_CALLS) && confine_calls(strchr(how, CONFINE_OFFLINE)))
        return fail("deny system calls");
    execv(argv[PROGRAM], program);
    return fail(argv[PROGRAM]);
}

int confine_main(char **argv)
{
    uint64_t engine;
    if (!str_to_u64(argv[ENGINE], &engine)) {
        errno = EINVAL;
        return fail("be killed with the engine");
    }
    return keeper_run((pid_t)engine, become, argv);
}
