/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <malloc.h>
#include <string.h>
#include <unistd.h>

void mem_wipe(void *p, size_t n)
{
    if (n)
        explicit_bzero(p, n);
}

void mem_wipe_free(void *p)
{
    if (!p)
        return;
    mem_wipe(p, malloc_usable_size(p));
    free(p);
}

void *mem_dup(const void *p, size_t n)
{
    char *copy = malloc(n + 1);
    if (!copy)
        return NULL;
    if (n)
        memcpy(copy, p, n);
    copy[n] = '\0';
    return copy;
}

void mem_cleanup_free(void *pp)
{
    free(*(void **)pp);
}

void mem_cleanup_wipe_free(void *pp)
{
    mem_wipe_free(*(void **)pp);
}

void mem_cleanup_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
