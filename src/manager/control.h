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
 *
 * Kinds that a user can't create, update or remove are ERR_UNIMPLEMENTED.
 */

/*
 * Creates an object. ERR_ALREADY_EXISTS "secret NAME already exists"; for services "name
 * conflicts with an existing object: service NAME already exists". Each secret and config
 * that a service refers to must exist with that id and name: ERR_INVALID_ARGUMENT "secret
 * not found: a" ("secrets not found: a, b").
 */
int control_create(struct store_tx *tx, const struct manager_env *env,
                   enum object_kind kind, const char *id, void *spec,
                   const struct object **out, struct err *e) MUST_CHECK;

struct control_update {
    uint64_t version; /* the object's version the caller saw */
    /* Services: back to the previous spec. The given one is ignored and may be NULL. */
    bool rollback;
    /* Secrets: the payload that was given is the stored one, as the caller found out. */
    bool data_unchanged;
    /* Cluster: with the new tokens below. */
    bool rotate_worker_token, rotate_manager_token;
    const char *worker_token, *manager_token;
    bool rotate_data_key; /* cluster: the caller does that once the update stands */
};

/*
 * Updates an object. ERR_NOT_FOUND; ERR_UNKNOWN "update out of sequence" for another
 * version. Of secrets and configs only the labels change: ERR_INVALID_ARGUMENT "only
 * updates to Labels are allowed". Services keep name and mode: ERR_UNIMPLEMENTED
 * "renaming services is not supported", "service mode change is not allowed"; a rollback
 * of one that has no former spec is ERR_FAILED_PRECONDITION. The last manager stays one:
 * ERR_FAILED_PRECONDITION.
 */
int control_update(struct store_tx *tx, const struct manager_env *env,
                   enum object_kind kind, const char *id,
                   const struct control_update *how, void *spec,
                   const struct object **out, struct err *e) MUST_CHECK;

/*
 * Removes an object. Secrets and configs in use are refused: ERR_INVALID_ARGUMENT "secret
 * 'a' is in use by the following service: x" ("services: x, y"). A node must be down
 * unless force, and be no manager: ERR_FAILED_PRECONDITION; what ran on it is ORPHANED,
 * and its certificate is refused until it has expired.
 */
int control_remove(struct store_tx *tx, const struct manager_env *env,
                   enum object_kind kind, const char *id, bool force,
                   struct err *e) MUST_CHECK;
