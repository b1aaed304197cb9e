/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/arguments.h"
#include "oci/files.h"
#include "oci/handover.h"
#include "oci/record.h"
#include "oci/settings.h"
#include "oci/spec.h"

/*
 * One call of coffer-runtime: which variables and files of what is to be started are
 * references, who may be asked for them, and how the real runtime is told. In two steps;
 * between them the values are asked for.
 */
struct call {
    const struct arguments *arguments;
    struct spec spec;
    struct references references; /* lent by the specification */
    struct record record;
    bool has_record;
    bool has_uid; /* is there somebody to ask? */
    uid_t uid;
    char *bundle;     /* absolute; NULL for exec */
    char *new_bundle; /* ours */
    json_t *mount_list;
    char *stand_in;       /* what is mounted where files of references belong */
    struct mounts mounts; /* those of them that are files of references */
    struct secret_files files;
    struct handover handover;
    char preserve[16], process[40]; /* numbers as text */
};

/* Zeroed is an empty one. */
void call_deinit(struct call *c);
#define cleanup_call CLEANUP(call_deinit)

/*
 * Reads what is to be started and finds its references, with the container's record or
 * else the settings. When c->references.n and c->mounts.n are 0 afterwards, the call is
 * the real runtime's as it is. ERR_UNIMPLEMENTED for references where they can't be
 * resolved, or files where a checkpoint is restored; ERR_FAILED_PRECONDITION when nobody
 * may be asked, ERR_PERMISSION_DENIED for one that the image has and whoever created the
 * container didn't give; and what reading files can say.
 */
int call_read(struct call *c, const struct arguments *a, const struct settings *s,
              struct err *e) MUST_CHECK;

/* Writes the files that are references. When it fails none is left. */
int call_write_files(struct call *c, const struct settings *s,
                     const struct secret_source *source, struct err *e) MUST_CHECK;

/*
 * Hands a block over (unless it is empty) and composes the words for the real runtime:
 * the array is the caller's, its texts live as long as the call. `helper` is the path of
 * the helper.
 */
int call_compose(struct call *c, const char *runtime, const char *helper,
                 const struct buf *block, char ***words, struct err *e) MUST_CHECK;
