/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <unistd.h>

#include "../check.h"

#define OPEN_MAX_WALKED 16

static char folder[] = "/tmp/coffer-sim-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int kind,
                      struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

/* Nobody writes: the pipe ends when the process is gone that holds its other side. */
static void wait_and_remove(int end)
{
    char byte;
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    while (read(end, &byte, 1) < 0)
        ;
    nftw(folder, remove_one, OPEN_MAX_WALKED, FTW_DEPTH | FTW_PHYS);
    _exit(0);
}

const char *scratch_folder(void)
{
    static int ends[2] = {-1, -1};
    if (ends[1] >= 0)
        return folder;
    CHECK(mkdtemp(folder) && pipe2(ends, O_CLOEXEC) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(ends[1]);
        wait_and_remove(ends[0]);
    }
    close(ends[0]);
    return folder;
}
