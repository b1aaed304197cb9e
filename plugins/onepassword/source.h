/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "shared/plugin.h"

/*
 * Where 1Password's items are read: a Connect server or the `op` command. Both give the
 * same objects, but for the spelling of times ("createdAt", "created_at"):
 *
 *     vaults  [{id, name}]
 *     items   [{id, title, ...}] of a vault, without fields
 *     item    {id, title, version, category, sections: [{id, label}],
 *              fields: [{id, type, purpose, label, value, section: {id, label}}]}
 *
 * What they answer is checked to be an array or an object, no more. The ids given to them
 * are as onepassword_is_id() wants. ERR_NOT_FOUND, ERR_PERMISSION_DENIED,
 * ERR_UNAVAILABLE, ERR_DEADLINE_EXCEEDED, ERR_CANCELED, ERR_BAD_MESSAGE,
 * ERR_RESOURCE_EXHAUSTED, ERR_NO_MEMORY.
 */
struct source;

struct source_calls {
    int (*vaults)(struct source *s, const struct waiter *w, json_t **out, struct err *e);
    int (*items)(struct source *s, const char *vault, const struct waiter *w,
                 json_t **out, struct err *e);
    int (*item)(struct source *s, const char *vault, const char *item,
                const struct waiter *w, json_t **out, struct err *e);
    void (*free)(struct source *s);
};

struct source {
    const struct source_calls *calls;
};

/* A Connect server, with its access token (borrowed). ERR_INVALID_ARGUMENT,
 * ERR_NO_MEMORY. */
int connect_source_new(const char *address, const char *ca_file, const char *token,
                       struct source **out, struct err *e) MUST_CHECK;

/* The op command, with a service account's token (both borrowed); token may be NULL: then
 * op is signed in by other means. ERR_NO_MEMORY. */
int op_source_new(const char *command, const char *token, struct source **out,
                  struct err *e) MUST_CHECK;
