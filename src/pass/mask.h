/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Values taken out of a stream of bytes, wherever its pieces begin and end: each run of
 * bytes that belong to an occurrence of a value becomes ten stars, also where occurrences
 * overlap or touch. Bytes that may be the beginning of a value are held back until it is
 * known. Time is linear in the stream, for each value. Pure.
 *
 * Line ends at a value's end don't count for it, since programs print a value with and
 * without. A value of several lines is looked for as a whole and line by line, since a
 * terminal turns line ends into others; lines shorter than MASK_LINE_MIN would hide what
 * is no secret and are looked for only within the whole.
 */
#define MASK_TEXT "**********"
#define MASK_LINE_MIN 8

/* How many texts may be looked for, and how long they may be together. */
#define MASK_TEXTS_MAX 4096
#define MASK_BYTES_MAX (8 * 1024 * 1024)

struct mask;

int mask_new(struct mask **out, struct err *e) MUST_CHECK;
void mask_free(struct mask *m);

/* Takes note of a value, before the first byte is fed. An empty one hides nothing.
 * ERR_RESOURCE_EXHAUSTED, ERR_NO_MEMORY. */
int mask_add(struct mask *m, const void *value, size_t n, struct err *e) MUST_CHECK;

/* A stream that is filtered; several may share the values of one mask. */
struct mask_stream {
    const struct mask *mask;
    size_t *states;   /* for each text: how many of its bytes stand at the end */
    struct buf held;  /* bytes that aren't decided yet */
    struct buf flags; /* for each of them: does it belong to a value? */
    bool is_in_value; /* the last byte that went out did */
};

int mask_stream_init(struct mask_stream *s, const struct mask *m,
                     struct err *e) MUST_CHECK;
void mask_stream_deinit(struct mask_stream *s);

/* Takes n bytes and appends to out what is decided. ERR_NO_MEMORY. */
int mask_stream_feed(struct mask_stream *s, const char *bytes, size_t n,
                     struct buf *out) MUST_CHECK;

/* Appends all that is held back: nothing follows, or nothing has for a while. */
int mask_stream_flush(struct mask_stream *s, struct buf *out) MUST_CHECK;

bool mask_stream_holds(const struct mask_stream *s);
