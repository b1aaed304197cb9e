/* SPDX-License-Identifier: Apache-2.0 */
/* What it is, and how it is called: oci/helper.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oci/block.h"
#include "oci/helper.h"

#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND 127

#define FOLDER_OF_DESCRIPTORS "/proc/self/fd/"

/* Not on the stack: it may be large. Its pages are zero until they are written. */
static char block[BLOCK_SIZE_MAX + 1];
static size_t block_size;

static int fail(const char *words)
{
    explicit_bzero(block, sizeof(block));
    fprintf(stderr, "coffer-env: %s\n", words);
    return EXIT_CANNOT_RUN;
}

/* A descriptor's number, or -1. */
static int descriptor(const char *text)
{
    char *end;
    errno = 0;
    long n = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;
    return n >= 0 && n <= 65535 && !errno && !*end ? (int)n : -1;
}

static bool read_block(int fd)
{
    while (block_size < sizeof(block)) {
        ssize_t n = read(fd, block + block_size, sizeof(block) - block_size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        block_size += (size_t)n;
    }
    return false;
}

/* The words and the status that Docker's users know for a program that can't be run. */
static int refuse(const char *program, int error)
{
    explicit_bzero(block, sizeof(block));
    if (error == ENOENT && !strchr(program, '/'))
        fprintf(stderr, "exec: \"%s\": executable file not found in $PATH\n", program);
    else if (error == ENOENT)
        fprintf(stderr, "exec: \"%s\": no such file or directory\n", program);
    else if (error == EACCES)
        fprintf(stderr, "exec: \"%s\": permission denied\n", program);
    else
        fprintf(stderr, "exec %s: %s\n", program, strerror(error));
    return error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

static int become(char **argv, char **env)
{
    char path[HELPER_PATH_MAX];
    int error = helper_lookup(argv[0], env, path);
    if (error)
        return refuse(argv[0], error);
    execve(path, argv, env);
    return refuse(argv[0], errno);
}

int main(int argc, char **argv, char **old)
{
    size_t prefix = strlen(FOLDER_OF_DESCRIPTORS), count;
    if (argc < 3 || strncmp(argv[0], FOLDER_OF_DESCRIPTORS, prefix) != 0)
        return fail("is started by coffer-runtime only");
    int self = descriptor(argv[0] + prefix), from = descriptor(argv[1]);
    if (self < 0 || from < 0)
        return fail("is started by coffer-runtime only");
    if (!read_block(from) || !block_check(block, block_size, &count))
        return fail("the variables that coffer-runtime sent can't be read");
    close(from);
    close(self);
    char **env = helper_environment(old, block, block_size, count);
    return env ? become(argv + 2, env) : fail("out of memory");
}
