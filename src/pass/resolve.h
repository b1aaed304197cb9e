/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/map.h"
#include "pass/mask.h"
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

/* Asks for all. Without references nobody is asked. */
int resolve_fetch(struct resolve *r, struct secrets *s, struct err *e) MUST_CHECK;

/* Appends what takes the place of a whole value that was named. */
int resolve_value(const struct resolve *r, const char *place, const char *value,
                  struct buf *out, struct err *e) MUST_CHECK;

/* Appends a text whose references were named, replaced. */
int resolve_text(const struct resolve *r, const char *place, const char *text, size_t n,
                 struct buf *out, struct err *e) MUST_CHECK;

/* Adds the values of all secrets that were found to a mask. */
int resolve_mask(const struct resolve *r, struct mask *mask, struct err *e) MUST_CHECK;
