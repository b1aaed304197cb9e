/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "resolver/pattern.h"

/*
 * A reference stands where a value should be and names it: "se://db/password". Behind
 * the prefix, which is lower case, there is an id or a pattern and nothing else: no host,
 * query or percent escape, and spaces are not taken off.
 */
#define REFERENCE_PREFIX "se://"

/* What may stand behind the prefix: `run` takes ids only, containers patterns too. */
enum reference_kind {
    REFERENCE_ID,
    REFERENCE_PATTERN,
};

/* Is this whole value meant as a reference? It may still be a bad one. */
bool reference_is(const char *value);

/*
 * Reads a whole value as a reference, into *out (an id becomes the pattern for it).
 * ERR_INVALID_ARGUMENT when it has not the prefix, or what is behind it isn't of that
 * kind; ERR_RESOURCE_EXHAUSTED over the limits of ids; ERR_NO_MEMORY.
 */
int reference_parse(const char *value, enum reference_kind kind, struct pattern *out,
                    struct err *e) MUST_CHECK;

/*
 * References inside of text. There are two forms.
 *
 * Bare: `se://` and all bytes behind it that an id or a pattern may have (A-Z a-z 0-9 . _
 * - : / and *), as many as there are; the first other byte, or the end of the text, ends
 * it. So it ends at a blank, a line end, a quote, a comma, '@', '&', '?', ')'; but not at
 * a full stop or a colon, not even at the end of a sentence. It begins only where no
 * letter, digit or one of + - . _ stands before it: "house://a" has no reference.
 *
 * In braces: `{{se://db/user}}`, with blanks and tabs allowed inside of the braces. The
 * braces belong to it and go when it is replaced. This is the form for where more text
 * follows: `{{se://db/user}}:{{se://db/password}}`.
 *
 * Something that begins so and isn't a reference then is an error, so that no text goes
 * out with a reference left in it.
 */
struct reference {
    size_t start, end;  /* the bytes to be replaced: text[start] up to text[end - 1] */
    const char *target; /* what it names, within the text, without a NUL */
    size_t len;
};

/*
 * The first reference at or behind `from`. ERR_NOT_FOUND when there is none left (*e
 * isn't set), otherwise as reference_parse(); the words name the line.
 */
int reference_next(const char *text, size_t n, size_t from, enum reference_kind kind,
                   struct reference *out, struct err *e) MUST_CHECK;
