/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/requester.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"

#define STAT_SIZE 1024

static ssize_t read_proc(pid_t pid, const char *file, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    text[n > 0 ? n : 0] = '\0';
    return n;
}

/* Nothing is known where it can't be read. */
static void read_stat(struct requester *out)
{
    char text[STAT_SIZE];
    if (read_proc(out->pid, "stat", text, sizeof(text)) <= 0)
        return;
    char *open_at = strchr(text, '('), *close_at = strrchr(text, ')');
    if (!open_at || !close_at || close_at < open_at)
        return;
    const char *session = process_stat_word(text, 4);
    const char *terminal = process_stat_word(text, 5);
    if (terminal) {
        out->session = (pid_t)strtol(session, NULL, 10);
        out->has_terminal = strtol(terminal, NULL, 10) != 0;
    }
    *close_at = '\0';
    strcpy_cut(out->name, sizeof(out->name), open_at + 1);
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
