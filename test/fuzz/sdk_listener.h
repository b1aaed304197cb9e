/* SPDX-License-Identifier: Apache-2.0 */
/* Where the engine of a target listens, whose client is tried. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdk/socket.h"

/* Of an input so much is said. */
#define FUZZ_ANSWER_MAX ((size_t)64 * 1024)

static inline void must(bool ok)
{
    if (!ok)
        abort();
}

/* At an abstract name of this process, for all inputs. */
static inline int fuzz_listen(char name[64])
{
    static int listener = -1;
    struct sdk_socket s;
    snprintf(name, 64, "@coffer-fuzz-%ld", (long)getpid());
    if (listener >= 0)
        return listener;
    must(sdk_socket_parse(name, &s, NULL) == 0);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(listener, (const struct sockaddr *)&s.address, s.size) == 0);
    must(listen(listener, 4) == 0);
    return listener;
}
