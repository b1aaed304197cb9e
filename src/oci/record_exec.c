/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "oci/record_private.h"

bool record_has_exec(const struct record *r, const char *name, const char *reference)
{
    return record_is_among(r->exec, r->n_exec, name, reference);
}

/* Where it is among them; n when it isn't. */
static size_t find(char *const *variables, size_t n, const char *variable)
{
    size_t at = 0;
    while (at < n && !str_equal(variables[at], variable))
        at++;
    return at;
}

static void forget(struct record *r, size_t at)
{
    free(r->exec[at]);
    memmove(r->exec + at, r->exec + at + 1, (--r->n_exec - at) * sizeof(*r->exec));
}

static bool has_all(const struct record *r, char *const *variables, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (find(r->exec, r->n_exec, variables[i]) == r->n_exec &&
            find(r->references, r->n_references, variables[i]) == r->n_references)
            return false;
    return true;
}

int record_add_exec(struct record *r, char *const *variables, size_t n, bool *is_new,
                    struct err *e)
{
    int code = 0;
    *is_new = !has_all(r, variables, n);
    for (size_t i = 0; i < n && *is_new && !code; i++) {
        size_t at = find(r->exec, r->n_exec, variables[i]);
        if (at < r->n_exec)
            forget(r, at);
        else if (r->n_exec == RECORD_KEYS_MAX && n <= RECORD_KEYS_MAX)
            forget(r, 0);
        code =
            record_add_text(&r->exec, &r->n_exec, variables[i], strlen(variables[i]), e);
    }
    return code;
}

bool record_forget_exec(struct record *r, size_t n)
{
    size_t older = r->n_exec > n ? r->n_exec - n : 0;
    for (size_t i = 0; i < (older + 1) / 2; i++)
        forget(r, 0);
    return older > 0;
}
