/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/block.h"
#include "resolver/envelope.h"

/*
 * The variables of a process that are to be resolved: those whose whole value is a
 * reference, and empty ones that fall back to the secret of their own name. Of several of
 * one name only the last counts, as for runtimes.
 */
struct variable {
    char *name;
    const char *reference; /* lent by the environment; NULL: it falls back to its name */
    const char *path;      /* of the file that has its value; NULL: it is asked for */
};

/* All zero is an empty list. */
struct references {
    struct variable items[BLOCK_VARIABLES_MAX];
    size_t n;
    size_t n_named; /* of which so many are references */
};

/* More variables no process has: the kernel's limit for all of them is 2 MB. */
#define ENVIRONMENT_MAX 65536

/* Which empty variables fall back to the secret of their name. */
struct fallback {
    bool for_all;
    const char *const *names; /* else these */
    size_t n;
};

/* Has an environment (an array of texts, or NULL) any that may be one? */
bool references_are_possible(const json_t *env);

/*
 * Finds them in an environment (an array of texts, or NULL), which must outlive the list.
 * references_deinit() it whatever comes back. ERR_INVALID_ARGUMENT for a variable whose
 * name no secret may be put in, ERR_RESOURCE_EXHAUSTED, ERR_NO_MEMORY.
 */
int references_find(struct references *out, const json_t *env,
                    const struct fallback *fallback, struct err *e) MUST_CHECK;
void references_deinit(struct references *r);
#define cleanup_references CLEANUP(references_deinit)

/* Who knows secrets. */
struct secret_source {
    /*
     * Appends the secrets that a pattern (an id or pattern that is valid) matches.
     * ERR_NOT_FOUND when there is none, ERR_UNAVAILABLE when nobody can be asked; any
     * other code of base/err.h with its words.
     */
    int (*get)(void *user, const char *pattern, struct secret_envelopes *out,
               struct err *e);
    void *user;
    /* Told of a variable that stays empty because of another error than ERR_NOT_FOUND. */
    void (*warn)(void *user, const char *name, const struct err *e);
};

/*
 * Appends the value of a variable that is a reference. It must match exactly one secret.
 * The words of an error name variable and reference.
 */
int references_value(const struct variable *v, const struct secret_source *source,
                     struct buf *value, struct err *e) MUST_CHECK;

/*
 * Asks for all of them and appends the values to a block (oci/block.h), which stays empty
 * when there are none. A reference must match exactly one secret. The words of an error
 * name variable and reference. A variable that falls back stays as it is when there is no
 * such secret or asking fails.
 */
int references_resolve(const struct references *r, const struct secret_source *source,
                       struct buf *block, struct err *e) MUST_CHECK;
