/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/* The process that asks for a secret, as far as /proc tells. */
struct requester {
    uid_t uid;
    pid_t pid;
    pid_t session; /* 0: unknown */
    bool has_terminal;
    char name[64];
    char path[PATH_MAX]; /* of its program; "" unknown */
};

void requester_read(const struct ucred *peer, struct requester *out);
