/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/state.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

#define WORDS_MAX 4096

/* runc: "container does not exist". crun: "error opening file
 * `/run/crun/ID/status`: No such file or directory". */
bool state_says_gone(const char *words, const char *id)
{
    return strstr(words, "does not exist") ||
           (strstr(words, id) && strstr(words, strerror(ENOENT)));
}

/* Its standard error, at `to`; what it has to say of the state nobody hears. */
static bool spawn(const char *program, char *const *words, int to, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions))
        return false;
    int r = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    r = r ?: posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    r = r ?: posix_spawn_file_actions_adddup2(&actions, to, 2);
    r = r ?: posix_spawn(pid, program, &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return !r;
}

/* All that comes, of which the first part is kept. */
static void read_words(int from, char out[WORDS_MAX])
{
    char rest[512];
    size_t n = 0;
    for (;;) {
        bool is_full = n == WORDS_MAX - 1;
        ssize_t got = is_full ? read(from, rest, sizeof(rest))
                              : read(from, out + n, WORDS_MAX - 1 - n);
        if (got == 0 || (got < 0 && errno != EINTR))
            break;
        n += !is_full && got > 0 ? (size_t)got : 0;
    }
    out[n] = '\0';
}

/* No status: a caller may ignore the ends of its children, and who inherits that has
 * none. */
static bool ask(const char *program, char *const *words, char out[WORDS_MAX])
{
    int ends[2];
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC))
        return false;
    cleanup_fd int from = ends[0], to = ends[1];
    if (!spawn(program, words, to, &pid))
        return false;
    mem_cleanup_fd(&to);
    read_words(from, out);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    return true;
}

bool state_is_gone(const struct arguments *a, const char *program)
{
    char said[WORDS_MAX];
    cleanup_free char **words = arguments_for_state(a, program);
    return words && ask(program, words, said) && state_says_gone(said, a->id);
}
