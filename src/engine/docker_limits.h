/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Hosts on which not even root may raise a resource limit (CAP_SYS_RESOURCE is missing,
 * as in many containers and virtual machines). Podman asks for limits of its own choice
 * there and fails to start any container; it is told limits that the engine itself has.
 */
struct engine_limits {
    pid_t pid;          /* of the engine, 0 when it can't be known */
    bool is_restricted; /* limits can't be raised */
    bool fills_unset;   /* the engine replaces a limit that isn't given: Podman */
    uint64_t nofile, nproc;
};

/* Learns them from the process that listens on the engine's socket; from ourselves when
 * that is a socket unit's (process 1). */
int engine_limits_read(const char *socket_path, struct engine_limits *out,
                       struct err *e) MUST_CHECK;

/* Completes the JSON body of a container create so that the engine can start it. An
 * unrestricted engine's is left as it is. ERR_INVALID_ARGUMENT for what is no such body.
 */
int engine_complete_create(const struct engine_limits *limits, json_t *body,
                           struct err *e) MUST_CHECK;

/* What /proc/PID/limits (text) says is the hard limit of that name ("Max open files");
 * UINT64_MAX for unlimited or absent. */
uint64_t engine_limits_parse(const char *text, const char *name);

/* Of this process: may it raise its limits (true when that can't be known)? Of this host:
 * the highest process id (kernel.pid_max). */
bool engine_limits_can_raise(void);
uint64_t engine_limits_pid_max(void);
