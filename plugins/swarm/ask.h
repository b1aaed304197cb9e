/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <coffer/coffer.h>

#include "base/err.h"
#include "shared/plugin.h"

/*
 * Asks the cofferd of this node for the secrets of the swarm that a pattern matches and
 * that are granted to this user, by the secrets engine's own protocol. The server at the
 * socket must be root's, since only root can be cofferd.
 *
 * ERR_NOT_FOUND when there is none, also where no cofferd is (no such socket);
 * ERR_UNAVAILABLE, ERR_PERMISSION_DENIED and so on with the words of cofferd or the
 * library. *out: free with coffer_secrets_free().
 */
int ask(const char *socket, const char *pattern, const struct waiter *w,
        struct coffer_secrets **out, struct err *e) MUST_CHECK;
