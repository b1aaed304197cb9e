/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "base/map.h"
#include "oci/references.h"

/*
 * What cofferd wrote down of a container when it was created, for its starts: whose
 * engine resolves its references, which these are, which empty variables the user gave,
 * which files are to be made of references; and later what was given to `exec`. One file
 * a container, "<folder>/<container id>", in a folder that only root can write to, so
 * that nobody can ask for the secrets of others, nor an image for secrets that its user
 * didn't mean to give it.
 * {"uid": 1000, "keys": ["GH_TOKEN"], "references": ["KEY=se://a"], "exec": ["K=se://c"],
 *  "files": [{"reference": "se://b", "target": "/run/secrets/b"}],
 *  "given": {"se://swarm/c": "/run/coffer/secrets/TASK/secrets/c"}}
 */
struct record_file {
    char *reference;
    char *target; /* absolute and plain */
};

/* Zeroed is an empty one. */
struct record {
    uid_t uid;
    char **keys;
    size_t n_keys;
    char **references; /* whole variables */
    size_t n_references;
    char **exec; /* likewise; the newest are the last */
    size_t n_exec;
    struct record_file *files; /* that are made of references */
    size_t n_files;
    struct map given; /* paths of the host by references whose values they have */
};

#define RECORD_SIZE_MAX (1024u * 1024)
#define RECORD_KEYS_MAX BLOCK_VARIABLES_MAX /* as many references, as many for exec */
#define RECORD_FILES_MAX 256

/* Add a copy; the key's text has n characters. ERR_RESOURCE_EXHAUSTED, ERR_NO_MEMORY. */
int record_add_key(struct record *r, const char *key, size_t n, struct err *e) MUST_CHECK;
int record_add_reference(struct record *r, const char *variable,
                         struct err *e) MUST_CHECK;
int record_add_given(struct record *r, const char *reference, const char *path,
                     struct err *e) MUST_CHECK;
int record_add_file(struct record *r, const char *reference, const char *target,
                    struct err *e) MUST_CHECK;

/* Did who created the container ask for this variable? */
bool record_has_reference(const struct record *r, const char *name,
                          const char *reference);

/* The file that has a reference's value; NULL: an engine is asked. */
const char *record_given_path(const struct record *r, const char *reference);

/*
 * What `exec` may have, besides what the container itself has. An exec that is being
 * created brings its variables; those of earlier ones stay as long as there is room,
 * since they may not have started yet, and the oldest go first.
 */
bool record_has_exec(const struct record *r, const char *name, const char *reference);

/* Adds what an exec brings; *is_new: something of it wasn't there. Those are the last
 * then, also what was there before. ERR_RESOURCE_EXHAUSTED, ERR_NO_MEMORY. */
int record_add_exec(struct record *r, char *const *variables, size_t n, bool *is_new,
                    struct err *e) MUST_CHECK;

/* Forgets the older half of all but the n last. False when those are all. */
bool record_forget_exec(struct record *r, size_t n);

/* Container ids of engines: 64 digits; OCI has more, up to this. */
#define CONTAINER_ID_MAX 128

/* Letters, digits and _ + - . , not beginning with a dot or dash: fit for a file's name.
 */
bool record_id_is_valid(const char *id);

/* Reads the record of a container. ERR_NOT_FOUND when there is none;
 * ERR_PERMISSION_DENIED when the folder isn't this process's user's, or others can write
 * to it; ERR_DATA_LOSS when the record can't be understood. record_deinit() after
 * success. */
int record_read(const char *folder, const char *id, struct record *out,
                struct err *e) MUST_CHECK;

/* Writes it durably, in the place of an older one; the folder is made when it is missing
 * (0700). ERR_RESOURCE_EXHAUSTED when it is larger than record_read() takes. */
int record_write(const char *folder, const char *id, const struct record *r,
                 struct err *e) MUST_CHECK;

/* Removes it, and what a crash left of its writing. That there is none is no error. */
int record_remove(const char *folder, const char *id, struct err *e) MUST_CHECK;

void record_deinit(struct record *r);
#define cleanup_record CLEANUP(record_deinit)
