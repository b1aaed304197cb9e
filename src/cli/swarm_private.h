/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/fields.h"
#include "cli/swarm.h"

/* What the verbs of `coffer swarm` share. */

/* Puts into a cluster's spec what flags say: --cert-expiry and its like. */
int swarm_change_spec(json_t *spec, const struct flags *f, struct err *e) MUST_CHECK;

/* Posts a cluster's spec to /swarm/update; `rotate` ends the path with what is to rotate
 * ("&rotateWorkerToken=true", "" for nothing). */
int swarm_post_update(struct cli *c, const json_t *cluster, const char *rotate,
                      struct err *e) MUST_CHECK;

/* Prints the unlock key, quiet: the key alone. ERR_FAILED_PRECONDITION: there is none. */
int swarm_print_unlock_key(struct cli *c, bool quiet, struct err *e) MUST_CHECK;

extern const struct flag swarm_ca_flags[];

int swarm_run_ca(struct cli *c, struct err *e) MUST_CHECK;
int swarm_run_unlock(struct cli *c, struct err *e) MUST_CHECK;
int swarm_run_unlock_key(struct cli *c, struct err *e) MUST_CHECK;
