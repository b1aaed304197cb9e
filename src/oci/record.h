/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "oci/references.h"

/*
 * What cofferd wrote down of a container when it was created, for its starts: whose
 * engine resolves its references, and which empty variables the user gave. One file a
 * container, "<folder>/<container id>", in a folder that only root can write to, so that
 * nobody can ask for the secrets of others. {"uid": 1000, "keys": ["GH_TOKEN"]}
 */
struct record {
    uid_t uid;
    char **keys;
    size_t n_keys;
};

#define RECORD_SIZE_MAX (1024u * 1024)
#define RECORD_KEYS_MAX BLOCK_VARIABLES_MAX

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
 * (0700). */
int record_write(const char *folder, const char *id, uid_t uid, const char *const *keys,
                 size_t n_keys, struct err *e) MUST_CHECK;

/* Removes it; one that isn't there is no error. */
int record_remove(const char *folder, const char *id, struct err *e) MUST_CHECK;

void record_deinit(struct record *r);
#define cleanup_record CLEANUP(record_deinit)
