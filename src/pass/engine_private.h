/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pass/secrets.h"

/* What the files of the engine behind the SDK share. */
struct engine {
    struct secrets secrets;
    struct coffer_client *client, *ping;
    bool may_start;
    bool is_reached; /* one answers */
};

/* An error of ours for one of the SDK's; 0 for none. */
int engine_failed(int code, const struct coffer_error *why, struct err *e);

/* Makes sure, once, that an engine answers. */
int engine_reach(struct secrets *s, struct engine **out, struct err *e) MUST_CHECK;

/* Appends copies of the secrets of an answer (may be NULL). */
int engine_take_secrets(const struct coffer_secrets *from, struct secret_envelopes *out,
                        struct err *e) MUST_CHECK;

/* secrets_ops.get */
int engine_get(struct secrets *s, const char *const *patterns, size_t n,
               struct secret_envelopes *out, size_t *failed, struct err *e) MUST_CHECK;
