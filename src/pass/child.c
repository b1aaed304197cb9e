/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/child.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int child_cant_start(const struct child *c, int errnum, struct err *e)
{
    bool is_missing = errnum == ENOENT || errnum == ENOTDIR;
    if (is_missing && !strchr(c->argv[0], '/'))
        err_set(e, ERR_NOT_FOUND,
                "starting child: exec: \"%s\": executable file not found in $PATH",
                c->argv[0]);
    else
        err_errno(e, errnum, "starting child: %s", c->argv[0]);
    return is_missing ? CHILD_NOT_FOUND : CHILD_NOT_RUNNABLE;
}

int child_become(const struct child *c, struct err *e)
{
    execvpe(c->argv[0], c->argv, c->environment);
    return child_cant_start(c, errno, e);
}
