/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "daemon/config.h"

/*
 * coffer-runtime as cofferd uses it: where it is, what it is told when Podman is ours,
 * and where the records of containers are (oci/record.h).
 *
 * Our own Podman knows it by a link in STATE-DIR/runtime, which has its settings beside
 * it: Podman writes down with each container the path it was given, and nothing else,
 * for whoever starts that container later: its own clean-up after a container's end,
 * `podman start`, or what starts containers at boot.
 */
struct runtime {
    char *references; /* folder of the records: STATE-DIR/references */
    char *files;      /* folder of files in memory: RUN-DIR/files */
    char *program;    /* NULL: it isn't installed */
    char *folder;     /* STATE-DIR/runtime */
    char *link;       /* STATE-DIR/runtime/coffer-runtime */
};

/* Finds and names them; nothing is written. It is looked for beside cofferd, and where it
 * is installed. */
int runtime_find(struct runtime *out, const struct config *c, struct err *e) MUST_CHECK;
void runtime_deinit(struct runtime *r);

/* Makes the link and its settings, also over older ones. real is the path of the runtime
 * that does the work, NULL for coffer-runtime's own choice. ERR_IO, ERR_NO_MEMORY. */
int runtime_place(const struct runtime *r, const char *real, struct err *e) MUST_CHECK;
