/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/* Words the compiler understands, under names that a reader does. */
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define MUST_CHECK __attribute__((warn_unused_result))
#define UNUSED __attribute__((unused))
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The struct that holds `member` at address ptr. */
#define CONTAINER_OF(ptr, type, member)                                                  \
    ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Moves a pointer out of its variable: the variable is NULL afterwards, so its cleanup
 * does nothing. */
#define TAKE(ptr)                                                                        \
    ({                                                                                   \
        __typeof__(ptr) take_ = ptr;                                                     \
        (ptr) = NULL;                                                                    \
        take_;                                                                           \
    })

/* Moves a file descriptor out of its variable, which is -1 afterwards. */
#define TAKE_FD(fd)                                                                      \
    ({                                                                                   \
        int take_ = (fd);                                                                \
        (fd) = -1;                                                                       \
        take_;                                                                           \
    })
