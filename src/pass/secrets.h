/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <coffer/coffer.h>

#include "base/err.h"
#include "resolver/envelope.h"

/*
 * What the verbs want of a secrets engine, so that they can be tested without one. The
 * real one is engine.c. All of these block.
 */
struct secrets;

/* The name of the plugin that is the local store, whichever that is. */
#define SECRETS_STORE "docker-pass"

typedef int secrets_plugin_seen(const struct coffer_plugin_info *plugin, void *user,
                                struct err *e);

struct secrets_ops {
    /* Who answers. *out may be NULL: it is only asked whether somebody does. */
    int (*version)(struct secrets *s, struct coffer_engine_version *out, struct err *e);

    /* Asks for n patterns; out[i] gets what pattern i matches, which may be nothing. On
     * failure *failed is the one it was for. */
    int (*get)(struct secrets *s, const char *const *patterns, size_t n,
               struct secret_envelopes *out, size_t *failed, struct err *e);
    int (*authorize)(struct secrets *s, const char *const *patterns, size_t n,
                     struct err *e);

    /* The local store; list appends, without values, sorted by id. */
    int (*list)(struct secrets *s, const char *pattern, struct secret_envelopes *out,
                struct err *e);
    int (*save)(struct secrets *s, const struct secret_envelope *secret, bool overwrite,
                struct err *e);
    int (*remove)(struct secrets *s, const char *id, struct err *e);
    /* One secret of the store with its value, hidden ones too; ERR_NOT_FOUND. */
    int (*read)(struct secrets *s, const char *id, struct secret_envelopes *out,
                struct err *e);
    /* ERR_UNIMPLEMENTED: the store doesn't tell. */
    int (*state)(struct secrets *s, struct coffer_store_state *out, struct err *e);
    int (*protect)(struct secrets *s, const char *protection, const struct buf *old,
                   const struct buf *new, struct err *e);
    int (*unlock)(struct secrets *s, const void *passphrase, size_t n, struct err *e);
    int (*lock)(struct secrets *s, struct err *e);

    /* Ends the engine, so that the next call finds one with the settings of now. */
    int (*end)(struct secrets *s, struct err *e);

    /* Calls `seen` for each plugin, until it returns an error. */
    int (*each_plugin)(struct secrets *s, secrets_plugin_seen *seen, void *user,
                       struct err *e);
    int (*set_plugin)(struct secrets *s, const char *name, bool is_enabled,
                      struct err *e);
};

struct secrets {
    const struct secrets_ops *ops;
};

/* The engine that is there, else one that is started at the first call. ERR_NO_MEMORY. */
int engine_new(struct secrets **out, struct err *e) MUST_CHECK;

/* Only the one that is there; without one calls fail with ERR_UNAVAILABLE. */
int engine_find(struct secrets **out, struct err *e) MUST_CHECK;
void engine_free(struct secrets *s); /* NULL is fine */
