/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * The two files that tell an OCI runtime what to start: config.json of a bundle, and the
 * file of `exec --process`, which is just the "process" of the other. What is changed is
 * replaced in the text; every other byte stays, since the numbers of these files are
 * larger than what JSON libraries keep exactly.
 */
enum spec_kind {
    SPEC_CONFIG,
    SPEC_PROCESS,
};

/* Nothing that engines write comes near: their largest are lists of system calls and
 * mounts, some 100 KB, and arguments, which the kernel limits to 6 MB. */
#define SPEC_SIZE_MAX (16u * 1024 * 1024)
#define SPEC_VALUES_MAX (256u * 1024)

/* A part of the text. */
struct span {
    size_t start, end;
};

struct spec {
    enum spec_kind kind;
    struct buf text;
    struct span args, root, mounts; /* start 0: not there */
    json_t *env;                    /* an array of texts, or NULL */
};

/*
 * Takes a text, which is moved out of *text, into *out; spec_deinit() it after success.
 * What engines may leave out may be missing, also the whole process. ERR_INVALID_ARGUMENT
 * when it isn't JSON of that kind, ERR_RESOURCE_EXHAUSTED, ERR_NO_MEMORY.
 */
int spec_read(struct spec *out, enum spec_kind kind, struct buf *text,
              struct err *e) MUST_CHECK;
void spec_deinit(struct spec *s);
#define cleanup_spec CLEANUP(spec_deinit)

/* The list of mounts; NULL when there is none. ERR_NO_MEMORY, ERR_INVALID_ARGUMENT. */
int spec_mounts(const struct spec *s, json_t **out, struct err *e) MUST_CHECK;

/* What is to be written in the place of what was read. */
struct spec_changes {
    const char *const *arguments; /* two, for the front of the process's; NULL: none */
    const json_t *mounts;         /* in the place of the list that is there; NULL: none */
    const char *bundle;           /* of a configuration: its absolute path */
};

/*
 * Appends the text to out with the changes, and, for a configuration, with the root's
 * path made absolute below the bundle. ERR_UNIMPLEMENTED for a process without arguments
 * where there are new ones, and for bind mounts whose source is relative to the bundle;
 * ERR_INVALID_ARGUMENT, ERR_NO_MEMORY.
 */
int spec_write(const struct spec *s, const struct spec_changes *c, struct buf *out,
               struct err *e) MUST_CHECK;
