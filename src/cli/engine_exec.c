/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/engine_exec.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/output.h"

/* What a shell's status is when there is no such program, or it can't run. */
#define NOT_FOUND 127
#define NOT_RUNNABLE 126

/* Words before the command's own arguments, and the NULL at the end. */
#define WORDS_MAX 6

/* Returns only when there is no such program, or it can't run. */
static int become(const struct cli *c, const char *const *words, struct err *e)
{
    cleanup_free char **argv = calloc((size_t)c->argc + WORDS_MAX, sizeof(*argv));
    size_t n = 0;
    if (!argv)
        return err_no_memory(e);
    for (; words[n]; n++)
        argv[n] = (char *)(uintptr_t)words[n];
    argv[n++] = (char *)(uintptr_t)c->command->name;
    memcpy(argv + n, c->argv, (size_t)c->argc * sizeof(*argv));
    execvp(argv[0], argv);
    if (errno == ENOENT)
        return ERR_NOT_FOUND;
    return err_errno(e, errno, "run %s", argv[0]);
}

int engine_exec_run(struct cli *c, struct err *e)
{
    const char *const docker[] = {"docker", "--host", c->host, NULL};
    const char *const podman[] = {"podman", "--remote", "--url", c->host, NULL};
    int r = become(c, docker, e);
    if (r == ERR_NOT_FOUND)
        r = become(c, podman, e);
    if (r == ERR_NOT_FOUND)
        err_set(e, r,
                "coffer leaves '%s' to the engine's own command line, and neither docker "
                "nor podman is installed (Debian: apt install docker.io, or podman)",
                c->command->name);
    output_failure(c, e);
    c->status = r == ERR_NOT_FOUND ? NOT_FOUND : NOT_RUNNABLE;
    return 0;
}
