/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What lies between two slashes of an id or a pattern. */
enum component_kind {
    COMPONENT_LITERAL,
    COMPONENT_ONE, /* "*": one component, whatever it is */
    COMPONENT_GAP, /* "**": any number of components, also none */
};

/* Where it is in the text that it was split from. */
struct component {
    uint16_t start;
    uint16_t len;
    enum component_kind kind;
};

/* Why a text has no components. */
enum component_fault {
    COMPONENT_FINE,
    COMPONENT_EMPTY,        /* an empty component, or no text at all */
    COMPONENT_BAD_CHAR,     /* a byte that no component may have */
    COMPONENT_BAD_WILDCARD, /* a star in a component that isn't "*" or "**" */
    COMPONENT_TOO_LONG,     /* the text is over SECRET_ID_MAX */
    COMPONENT_TOO_MANY,     /* over SECRET_ID_COMPONENTS_MAX */
};

/*
 * Splits n bytes of text. Wildcards are components, too; whoever wants none looks for
 * them. out has room for SECRET_ID_COMPONENTS_MAX. With a fault, *at is the byte where it
 * lies.
 */
enum component_fault component_split(const char *text, size_t n, struct component *out,
                                     size_t *count, size_t *at);
