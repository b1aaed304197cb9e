/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "resolver/envelope.h"

/* Of what was found for a reference, the one envelope whose value takes its place. */
enum choice_rule {
    CHOICE_ONLY,  /* just one must have been found, as `docker pass run` wants it */
    CHOICE_FIRST, /* the first one, as for containers: the order is that of plugins' names
                   */
};

/*
 * *out is borrowed from `found`. The words of an error name `place`, what the value is
 * for (a variable's name; may be NULL), the reference and, of several, who has what:
 * ERR_NOT_FOUND for none, `resolving KEY: secret not found: se://a`;
 * ERR_FAILED_PRECONDITION for several, `resolving KEY: 2 secrets matched se://a: a
 * (pass), a (vault)`.
 */
int choice_make(const struct secret_envelopes *found, enum choice_rule rule,
                const char *place, const char *reference,
                const struct secret_envelope **out, struct err *e) MUST_CHECK;
