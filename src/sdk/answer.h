/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <coffer/coffer.h>

#include "base/buf.h"
#include "base/err.h"
#include "secrets/resolver.pb-c.h"

/* What a plugin found, as the envelopes of a message; start with all zero. */
struct coffer_answer {
    bool has_values; /* else only what is not secret is kept */
    size_t n;
    Resolver__V1__Envelope **envelopes;
    size_t size; /* of the message, at most */
};

/* Wipes. */
void sdk_answer_deinit(struct coffer_answer *a);
#define cleanup_sdk_answer CLEANUP(sdk_answer_deinit)
