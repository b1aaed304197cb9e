/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <uv.h>

#include "base/clock.h"
#include "base/err.h"
#include "store/store.h"

/*
 * Secrets of the swarm for users of this node, beside its tasks: a socket that everybody
 * may connect to, where the secrets engines' plugin `swarm` asks by the procedure
 * GetSecrets of their protocol. Who asks is known from the kernel; what that user gets is
 * said by the secrets' labels (label.h). Whoever connects is a stranger to us: few
 * connections of a user, short requests, little time for each.
 */
struct grant;

/* Connections at a time: of all users, and of one. */
#define GRANT_CONNECTIONS_MAX 256
#define GRANT_CONNECTIONS_OF_USER_MAX 16

/* A request is a pattern, also after inflating; and the time that it may take to come. */
#define GRANT_REQUEST_MAX 4096
#define GRANT_REQUEST_TIMEOUT (5 * CLOCK_SECOND)

/* All values of an answer, sealed; the largest message that clients take is 4 MB. */
#define GRANT_ANSWER_MAX (3 * 1024 * 1024)

/* Who has the secrets. */
struct grant_source {
    /* The committed store. ERR_UNAVAILABLE on a node that hasn't one, with why. */
    int (*view)(void *user, const struct store_view **out, struct err *e);
    /* Opens a copy of a secret's payload in its place. ERR_DATA_LOSS for one that is
     * damaged. */
    int (*open)(void *user, const char *secret_id, ProtobufCBinaryData *data,
                struct err *e);
    void *user;
};

/* Listens at a path. The source (copied) must outlive it. What listening can say,
 * ERR_NO_MEMORY. */
int grant_new(uv_loop_t *loop, const struct grant_source *source, const char *path,
              struct grant **out, struct err *e) MUST_CHECK;

/* Cuts its connections, frees it, and calls cb (may be NULL). */
void grant_close(struct grant *g, void (*cb)(void *user), void *user);
