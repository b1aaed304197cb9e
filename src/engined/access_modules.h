/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engined/host.h"
#include "engined/requester.h"
#include "resolver/pattern.h"

/*
 * The plugins that control access, asked all at once: each one must say yes. One that
 * should run, or be connected, and isn't, says no. Which these are is known from their
 * settings (controls-access), else since they registered.
 */
struct modules;

bool modules_are_there(const struct host *h);

/* code 0: all said yes, until `expires` (0: none said). The callback comes once, from the
 * loop or from within a plugin's end, unless it is closed; it comes from within this
 * never. `explicit`: an Authorize of all patterns, else CheckAccess of the only one. */
int modules_new(const struct host *h, bool is_explicit, const struct requester *who,
                const struct pattern *patterns, size_t n,
                void (*cb)(int code, int64_t expires, const struct err *e, void *user),
                void *user, struct modules **out, struct err *e) MUST_CHECK;

/* NULL is fine. */
void modules_close(struct modules *m);
