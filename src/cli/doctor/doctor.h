/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/output.h"

/*
 * `coffer doctor`: looks at this machine as cofferd would need it. Each check adds
 * findings: what was seen, and what to do about it.
 */
enum doctor_level {
    DOCTOR_OK,
    DOCTOR_WARN, /* works, but not as well or as safely as it could */
    DOCTOR_FAIL, /* something won't work */
};

struct doctor {
    struct cli *cli;
    const char *root; /* the folder in which /proc is: "" but for tests */
    const char *state_dir;
    const char *run_dir;
    json_t *findings;
    json_t *info; /* the daemon's /info; NULL: it didn't answer */
    int failures;
    bool no_memory;
};

/* todo: what to do; NULL: nothing. */
void doctor_add(struct doctor *d, enum doctor_level level, const char *check,
                const char *todo, const char *fmt, ...) PRINTF_LIKE(5, 6);

/* The checks, a file each group. */
void doctor_check_daemon(struct doctor *d);   /* socket, who answers, which engine */
void doctor_check_programs(struct doctor *d); /* podman, crun, runc, docker */
void doctor_check_kernel(struct doctor *d);   /* version, cgroups, core dumps, time */
void doctor_check_limits(struct doctor *d);   /* capabilities, resource limits */
void doctor_check_memory(struct doctor *d);   /* a file system that isn't swapped */
void doctor_check_state(struct doctor *d);    /* folders, keys, the secrets' mount */

/* A part of doctor_check_programs: where the runtimes are, NULL: not installed. */
void doctor_check_runtime(struct doctor *d, const char *crun, const char *runc);

/* May some process here raise its hard limits? True when that can't be known. */
bool doctor_may_raise_limits(const struct doctor *d);

/* Opens a file below the root, for reading; NULL when it can't be. */
FILE *doctor_open(const struct doctor *d, const char *path);

/* The first line of a small file, without its end; false when it can't be read. */
bool doctor_read_line(const struct doctor *d, const char *path, char *out, size_t size);

int doctor_run(struct cli *c, struct err *e) MUST_CHECK;

extern const struct flag doctor_flags[];
