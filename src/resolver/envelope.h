/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * A secret on its way from a plugin to whoever asked: the value and what is known of it.
 * The value is in wiped memory; nothing else of it is secret.
 *
 * The limits are ours (the protocol has none). A value may be as large as two of the
 * largest secrets of a swarm; metadata is for names and dates.
 */
#define SECRET_VALUE_MAX (1024 * 1024)
#define SECRET_METADATA_MAX 128               /* pairs */
#define SECRET_METADATA_BYTES_MAX (64 * 1024) /* all keys and values together */
#define SECRET_TEXT_MAX 255                   /* provider, version */
#define SECRET_ENVELOPES_MAX 4096             /* in one answer */

/*
 * A point in time as the protocol has it, years 1 to 9999. All zero is "unset"; on the
 * wire unset is either no field or the year 1, Go's zero time.
 */
struct secret_time {
    bool is_set;
    int64_t seconds; /* since 1970 */
    int32_t nanos;
};

/* What Go's zero time is on the wire. It must be sent for "unset": Go's client reads a
 * missing field as 1970. */
#define SECRET_TIME_ZERO_SECONDS INT64_C(-62135596800)

/* From the wire. ERR_BAD_MESSAGE when protobuf's Timestamp doesn't allow it. */
int secret_time_read(int64_t seconds, int32_t nanos, struct secret_time *out,
                     struct err *e) MUST_CHECK;

/* To the wire; what is unset becomes Go's zero time. */
void secret_time_write(const struct secret_time *t, int64_t *seconds, int32_t *nanos);

/* From a point of base/clock.h. */
struct secret_time secret_time_from_clock(int64_t t);

/* Has it come, at a point of base/clock.h? What is unset never comes. */
bool secret_time_has_come(const struct secret_time *t, int64_t now);

/* The key of all the metadata that a listed secret has when it can't be read; the value
 * says why. */
#define SECRET_METADATA_DAMAGED "coffer:damaged"

struct secret_metadata {
    char *key;
    char *value;
};

/* All zero is an empty one. Strings are its own, or NULL for none. */
struct secret_envelope {
    char *id;
    struct buf value;
    char *provider; /* the plugin's name; the engine fills it in */
    char *version;
    struct secret_time created_at, resolved_at, expires_at;
    struct secret_metadata *metadata; /* no key twice, in the order they came */
    size_t n_metadata;
};

/* Wipes the value and frees everything; the envelope is empty afterwards. */
void secret_envelope_deinit(struct secret_envelope *envelope);
#define cleanup_secret_envelope CLEANUP(secret_envelope_deinit)

/*
 * These fill an envelope; each puts a copy in the place of what was there and leaves that
 * alone when it fails. ERR_INVALID_ARGUMENT (an id that is none), ERR_RESOURCE_EXHAUSTED
 * (a limit above), ERR_NO_MEMORY.
 */
int secret_envelope_set_id(struct secret_envelope *envelope, const char *id,
                           struct err *e) MUST_CHECK;
int secret_envelope_set_value(struct secret_envelope *envelope, const void *value,
                              size_t n, struct err *e) MUST_CHECK;
int secret_envelope_set_provider(struct secret_envelope *envelope, const char *provider,
                                 struct err *e) MUST_CHECK;
int secret_envelope_set_version(struct secret_envelope *envelope, const char *version,
                                struct err *e) MUST_CHECK;
int secret_envelope_put(struct secret_envelope *envelope, const char *key,
                        const char *value, struct err *e) MUST_CHECK;

/* The metadata of a key, or NULL. */
const char *secret_envelope_get(const struct secret_envelope *envelope, const char *key);

int secret_envelope_copy(const struct secret_envelope *from, struct secret_envelope *out,
                         struct err *e) MUST_CHECK;

/* An ordered list of envelopes, which it owns. */
struct secret_envelopes {
    struct secret_envelope *items;
    size_t len;
    size_t cap;
};

void secret_envelopes_deinit(struct secret_envelopes *list);
#define cleanup_secret_envelopes CLEANUP(secret_envelopes_deinit)

/* Moves an envelope to the end of the list (it is empty afterwards); when that fails it
 * stays where it is. ERR_RESOURCE_EXHAUSTED over SECRET_ENVELOPES_MAX. */
int secret_envelopes_append(struct secret_envelopes *list,
                            struct secret_envelope *envelope, struct err *e) MUST_CHECK;
