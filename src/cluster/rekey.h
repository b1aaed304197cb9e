/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cluster/proposer.h"

/*
 * After a rotation of the data key: seals anew, a piece at a time and between ordinary
 * commits, all that older keys have sealed; then the old keys are forgotten in the ring
 * and in its file. What a crash interrupts is taken up by the next start.
 */
struct rekey;

struct rekey *rekey_new(struct proposer *p, struct store *store, struct sealed *storage,
                        struct keyring *keys, const char *keyfile);

/* The proposer is closed: nothing calls back any more. NULL is fine. */
void rekey_free(struct rekey *r);

/* Begins, unless it is at it already or there is nothing to do. */
void rekey_start(struct rekey *r);
