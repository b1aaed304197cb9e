/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/requester.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#define STAT_SIZE 1024

/* What stands behind the name: state, parent, group, session, terminal. Nothing is known
 * where they can't be read. */
static void read_numbers(const char *at, struct requester *out)
{
    long numbers[4];
    at += strspn(at, " ");
    at += *at ? 1 : 0; /* the state is a letter */
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        char *end;
        numbers[i] = strtol(at, &end, 10);
        if (end == at)
            return;
        at = end;
    }
    out->session = (int)numbers[2];
    out->has_terminal = numbers[3] != 0;
}

static ssize_t read_proc(pid_t pid, const char *file, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    text[n > 0 ? n : 0] = '\0';
    return n;
}

/* "PID (NAME) STATE PPID GROUP SESSION TERMINAL ..."; NAME may have any character. */
static void read_stat(struct requester *out)
{
    char text[STAT_SIZE];
    if (read_proc(out->pid, "stat", text, sizeof(text)) <= 0)
        return;
    char *open_at = strchr(text, '('), *close_at = strrchr(text, ')');
    if (!open_at || !close_at || close_at < open_at)
        return;
    *close_at = '\0';
    strcpy_cut(out->name, sizeof(out->name), open_at + 1);
    read_numbers(close_at + 1, out);
}

void requester_read(const struct ucred *peer, struct requester *out)
{
    char link[64];
    *out = (struct requester){.uid = peer->uid, .pid = peer->pid};
    read_stat(out);
    snprintf(link, sizeof(link), "/proc/%d/exe", (int)peer->pid);
    ssize_t n = readlink(link, out->path, sizeof(out->path) - 1);
    out->path[n > 0 ? n : 0] = '\0';
}
