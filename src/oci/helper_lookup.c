/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oci/helper.h"

/* What engines set where an image has no PATH. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *path_of(char *const *env)
{
    for (; *env; env++)
        if (!strncmp(*env, "PATH=", 5))
            return *env + 5;
    return DEFAULT_PATH;
}

static int try(const char *folder, size_t n, const char *program,
               char out[HELPER_PATH_MAX])
{
    struct stat st;
    int length = snprintf(out, HELPER_PATH_MAX, "%.*s/%s", n ? (int)n : 1,
                          n ? folder : ".", program);
    if (length < 0 || length >= HELPER_PATH_MAX)
        return ENAMETOOLONG;
    if (stat(out, &st))
        return errno;
    return S_ISREG(st.st_mode) && !access(out, X_OK) ? 0 : EACCES;
}

static int take(const char *program, char out[HELPER_PATH_MAX])
{
    int length = snprintf(out, HELPER_PATH_MAX, "%s", program);
    return length < HELPER_PATH_MAX ? 0 : ENAMETOOLONG;
}

int helper_lookup(const char *program, char *const *env, char out[HELPER_PATH_MAX])
{
    if (strchr(program, '/'))
        return take(program, out);
    if (!*program)
        return ENOENT;
    for (const char *at = path_of(env);; at++) {
        size_t n = strcspn(at, ":");
        if (n < HELPER_PATH_MAX && !try(at, n, program, out))
            return 0;
        at += n;
        if (!*at)
            return ENOENT;
    }
}
