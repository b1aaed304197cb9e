/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/private.h"

/*
 * Clients speak our version of the API to us, and we pass on what they say. A newer
 * engine refuses versions below its least one, though it answers the same requests under
 * that: so what is passed on asks for the engine's least version where the client's is
 * lower.
 *
 * The engine is asked for it (/version) before the first request that needs it, and anew
 * after an answer that may come from another engine than the one that was asked.
 */

/* Has the engine been asked? */
bool api_engine_is_known(const struct api *a);

/* Asks, then calls `then` from the loop, also when the engine didn't answer; not at all
 * when the client goes away meanwhile, which ends the exchange. */
void api_engine_ask(struct api *a, struct http_exchange *x,
                    void (*then)(struct http_exchange *x, void *api));

/* What the engine answered (0: it didn't) may mean that it is another one by now. */
void api_engine_answered(struct api *a, int status);

/* The target that the engine is asked for in place of the exchange's, in new memory;
 * NULL: out of memory. */
char *api_engine_target(const struct api *a, const struct http_exchange *x);
