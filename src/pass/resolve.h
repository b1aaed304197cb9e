/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/map.h"
#include "pass/secrets.h"
#include "resolver/choice.h"

/*
 * Secrets in the place of references, in three steps: all references are named
 * (resolve_want...), then all are asked for at once (resolve_fetch), then each place gets
 * its value. Errors name the place, the reference, and the candidates where there are
 * several.
 */
struct resolve {
    struct map answers; /* id or pattern -> struct resolve_answer */
    enum choice_rule rule;
};

/* How many different references one run may have. */
#define RESOLVE_MAX 4096

void resolve_deinit(struct resolve *r);
#define cleanup_resolve CLEANUP(resolve_deinit)

/* Names a whole value that is a reference; `place` is what it is for (a variable). */
int resolve_want(struct resolve *r, const char *place, const char *value,
                 struct err *e) MUST_CHECK;

/* Names those within a text. *has_any: there are some. */
int resolve_want_text(struct resolve *r, const char *place, const char *text, size_t n,
                      bool *has_any, struct err *e) MUST_CHECK;

/* Asks for leave, then for all. Without references nobody is asked. */
int resolve_fetch(struct resolve *r, struct secrets *s, struct err *e) MUST_CHECK;

/* What takes the place of a value that was named; borrowed. */
int resolve_value(const struct resolve *r, const char *place, const char *value,
                  const struct secret_envelope **out, struct err *e) MUST_CHECK;

/* Appends a text that was named, its references replaced. */
int resolve_text(const struct resolve *r, const char *place, const char *text, size_t n,
                 struct buf *out, struct err *e) MUST_CHECK;
