/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "wire/message.h"

/*
 * One unary call of an engine on a connection of its own: what the client is made of.
 * Nothing here blocks but poll() in sdk_call_run(), and connecting where it is told to.
 */

/* All that a server may send for one answer. A message sent in the smallest of chunks, or
 * behind answers that are none yet (status 1xx), has no right to more. */
#define SDK_ANSWER_BYTES_MAX (3 * 4 * 1024 * 1024)

struct coffer_client;
struct sdk_call;

struct sdk_procedure {
    const char *path; /* "/health.v1.VersionService/GetVersion" */
    const ProtobufCMessageDescriptor *answer;
};

/* Connects and prepares. may_wait: connecting may wait for a busy engine, as long as the
 * call has time. Errors are those of sdk_sockets_connect(), ERR_INVALID_ARGUMENT (a
 * message that is too long), ERR_NO_MEMORY. */
int sdk_call_new(const struct coffer_client *client, const struct sdk_procedure *p,
                 const ProtobufCMessage *request, bool may_wait, struct sdk_call **out,
                 struct err *e) MUST_CHECK;

/* Goes on as far as that is possible without waiting; is it done then? After an error the
 * call is over: the same error is returned again. */
int sdk_call_step(struct sdk_call *call, bool *is_done, struct err *e) MUST_CHECK;

/* The answer of a call that is done, once; NULL then. */
ProtobufCMessage *sdk_call_take(struct sdk_call *call);

/* What to wait for until the next step: a descriptor, bits of poll(), milliseconds (-1:
 * no limit). */
int sdk_call_fd(const struct sdk_call *call);
short sdk_call_events(const struct sdk_call *call);
int sdk_call_timeout(const struct sdk_call *call);

/* Steps and waits until it is done. */
int sdk_call_run(struct sdk_call *call, struct err *e) MUST_CHECK;

void sdk_call_free(struct sdk_call *call);
void sdk_call_cleanup(struct sdk_call **call);
#define cleanup_sdk_call CLEANUP(sdk_call_cleanup)
