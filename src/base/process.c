/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define STATUS_SIZE 4096

static bool read_status(pid_t pid, char text[STATUS_SIZE])
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, STATUS_SIZE - 1);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* A line has its number in each namespace from ours inwards: "NSpid: 1234 1". */
bool process_is_elsewhere(pid_t pid)
{
    static const char key[] = "\nNSpid:\t";
    char text[STATUS_SIZE];
    const char *at = read_status(pid, text) ? strstr(text, key) : NULL;
    if (!at)
        return true;
    at += sizeof(key) - 1;
    return at[strspn(at, "0123456789")] != '\n';
}
