/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "engined/host.h"
#include "resolver/envelope.h"
#include "resolver/pattern.h"

/*
 * Who may have what: the policy file, grants that were given before, a person who is
 * asked, and plugins that control access. All of them must agree.
 *
 * Where the policy says nothing, a request for secrets is allowed, for only the user's
 * own processes and root's get this far. An explicit Authorize is then allowed on a
 * terminal and asked for elsewhere.
 *
 * A yes of a person counts for a while, for the session (setsid) of the process that
 * asked.
 */
struct access;
struct access_request;

enum access_kind {
    ACCESS_GET,       /* GetSecrets; of a pattern that is no id see access_shows */
    ACCESS_AUTHORIZE, /* Authorize */
};

/* Patterns of one request, persons that are asked at a time. */
#define ACCESS_PATTERNS_MAX PATTERNS_MAX
#define ACCESS_PROMPTS_MAX 4

/* Reads the policy file, if the settings name one. */
int access_new(uv_loop_t *loop, struct host *host, const struct config *config,
               struct access **out, struct err *e) MUST_CHECK;

/* No request may be under way. */
void access_close(struct access *a);

/* code 0: allowed, until `expires` (a point of base/clock.h; 0: nobody said). Else
 * ERR_PERMISSION_DENIED, ... */
typedef void access_cb(int code, int64_t expires, const struct err *e, void *user);

/* The patterns are moved out of the array when this succeeds; the callback comes once,
 * from the loop, unless the request is canceled. */
int access_start(struct access *a, enum access_kind kind, const struct ucred *peer,
                 struct pattern *patterns, size_t n, access_cb *cb, void *user,
                 struct access_request **out, struct err *e) MUST_CHECK;
void access_cancel(struct access_request *q);

/* May this process have the secret of this id now, by policy and grants? For answers to a
 * pattern: what it may not have is left out of them. */
bool access_shows(const struct access *a, const struct ucred *peer, const char *id);
