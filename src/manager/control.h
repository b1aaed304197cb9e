/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "manager/manager.h"

/*
 * What a user asks of the cluster, checked against the store and written to a
 * transaction. Specs were validated alone before (objects.h); a spec moves in, also on
 * failure. Error texts and codes are SwarmKit's. *out, when not NULL, is the object as
 * written, lent by tx.
 *
 * A secret's payload arrives sealed for the id that is given (the caller draws the id
 * first, since the seal binds it).
 */

/* Creates: ERR_ALREADY_EXISTS "secret NAME already exists"; services: "name conflicts
 * with an existing object: service NAME already exists", and every secret and config
 * reference must name an existing object by id and name: ERR_INVALID_ARGUMENT "secret not
 * found: a" ("secrets not found: a, b"). */
int control_create(struct store_tx *tx, const struct manager_env *env,
                   enum object_kind kind, const char *id, void *spec,
                   const struct object **out, struct err *e) MUST_CHECK;

struct control_update {
    uint64_t version;    /* the object's version the caller saw */
    bool rollback;       /* services: to the previous spec; the given one is ignored */
    bool data_unchanged; /* secrets: the caller compared the payload it was given (if any)
                            with the stored one */
    bool rotate_worker_token,
        rotate_manager_token; /* cluster: with the new tokens below */
    const char *worker_token, *manager_token;
};

/* Updates: secrets and configs only in their labels (ERR_INVALID_ARGUMENT "only updates
 * to Labels are allowed"); services not in name or mode (ERR_UNIMPLEMENTED "renaming
 * services is not supported", "service mode change is not allowed"). */
int control_update(struct store_tx *tx, const struct manager_env *env,
                   enum object_kind kind, const char *id,
                   const struct control_update *how, void *spec,
                   const struct object **out, struct err *e) MUST_CHECK;

/* Removes: secrets and configs in use are refused: ERR_INVALID_ARGUMENT "secret 'a' is in
 * use by the following service: x"
 * ("services: x, y"). A node must be down unless force, and be no manager:
 * ERR_FAILED_PRECONDITION. */
int control_remove(struct store_tx *tx, const struct manager_env *env,
                   enum object_kind kind, const char *id, bool force,
                   struct err *e) MUST_CHECK;
