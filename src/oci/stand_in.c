/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/stand_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#define NAME ".file"

int stand_in_path(const char *references, char **out, struct err *e)
{
    cleanup_free char *folder = realpath(references, NULL);
    *out = str_format("%s/" NAME, folder ? folder : references);
    return *out ? 0 : err_no_memory(e);
}

int stand_in_make(const char *references, char **out, struct err *e)
{
    cleanup_free char *path = NULL;
    if (mkdir(references, 0700) && errno != EEXIST)
        return err_errno(e, errno, "make %s", references);
    int r = stand_in_path(references, &path, e);
    if (r)
        return r;
    cleanup_fd int fd = open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0400);
    if (fd < 0)
        return err_errno(e, errno, "make %s", path);
    *out = TAKE(path);
    return 0;
}
