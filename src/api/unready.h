/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/record.h"

/*
 * Containers that could not be made ready when a client attached to them, and why: told
 * to the start that the client asks for next. The engine isn't asked again: it would ask
 * for the secrets once more, and may have removed the container meanwhile (--rm).
 */
#define API_UNREADY_MAX 16

/* A client starts what it has attached to at once; later the reason may be another. */
#define API_UNREADY_LIFE (10 * CLOCK_SECOND)

struct api_unready {
    struct {
        char id[CONTAINER_ID_MAX + 1];
        char text[ERR_TEXT_SIZE];
        int64_t ends; /* of the monotonic clock */
    } items[API_UNREADY_MAX];
    unsigned next; /* the oldest, which is forgotten for a new one */
};

/* Remembers it; what is too long is cut. */
void api_unready_add(struct api_unready *u, const char *id, const char *text,
                     int64_t now);

/* Forgets it, once it was told. False when there is none. */
bool api_unready_take(struct api_unready *u, const char *id, int64_t now,
                      char text[ERR_TEXT_SIZE]);
