/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "resolver/envelope.h"

/*
 * What was found under ids, each with a rank: of several under one id that of the lowest
 * rank counts, and several of the same rank are ambiguous.
 */
struct hit {
    struct secret_envelope envelope;
    unsigned rank;
    bool is_ambiguous;
};

struct hits {
    struct hit *items;
    size_t len, cap;
    size_t bytes; /* of all values that were ever put in */
};

/* All values together. */
#define HITS_BYTES_MAX ((size_t)12 << 20)

void hits_deinit(struct hits *h);
#define cleanup_hits CLEANUP(hits_deinit)

/* Takes the envelope, whatever comes of it. ERR_RESOURCE_EXHAUSTED, ERR_NO_MEMORY. */
int hits_put(struct hits *h, struct secret_envelope *envelope, unsigned rank,
             struct err *e) MUST_CHECK;

/* Moves what isn't ambiguous to the end of a list. */
int hits_move(struct hits *h, struct secret_envelopes *out, struct err *e) MUST_CHECK;
