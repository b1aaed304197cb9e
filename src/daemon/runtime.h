/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "daemon/config.h"

/*
 * coffer-runtime as cofferd uses it: where it is, what it is told when Podman is ours,
 * and where the records of containers are (oci/record.h).
 */
struct runtime {
    char *references; /* folder of the records: STATE-DIR/references */
    char *program;    /* NULL: it isn't installed */
    char *settings;   /* its settings for our own Podman: RUN-DIR/runtime.conf */
};

/* Finds and names them; nothing is written. It is looked for beside cofferd, and where it
 * is installed. */
int runtime_find(struct runtime *out, const struct config *c, struct err *e) MUST_CHECK;
void runtime_deinit(struct runtime *r);

/* Writes the settings. real is the path of the runtime that does the work, NULL for
 * coffer-runtime's own choice. */
int runtime_write_settings(const struct runtime *r, const char *real,
                           struct err *e) MUST_CHECK;
