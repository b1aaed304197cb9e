/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sdk/call.h"
#include "sdk/sdk.h"
#include "sdk/socket.h"

struct coffer_client {
    char *socket;    /* NULL: the user's own */
    int64_t timeout; /* of one call, nanoseconds; 0: none */
    struct sdk_owner owner;
};

/* One call, blocking, of a message: its answer, which the caller frees. */
int sdk_client_ask(const struct coffer_client *client, const struct sdk_procedure *p,
                   const ProtobufCMessage *request, ProtobufCMessage **answer,
                   struct err *e) MUST_CHECK;

/* A text for a pattern: ERR_INVALID_ARGUMENT when it is none. */
int sdk_check_pattern(const char *text, struct err *e) MUST_CHECK;
