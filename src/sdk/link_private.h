/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sdk/link.h"

/* What link.c asks of exchange.c. */

/* Brings the exchanges forward by what happened to their streams. */
int sdk_link_take_events(struct sdk_link *l, struct err *e) MUST_CHECK;

/* When the first of the requests that aren't whole must be. */
int64_t sdk_link_request_deadline(const struct sdk_link *l);

/* Resets requests that weren't whole in time, and frees exchanges that are over. */
int sdk_link_sweep(struct sdk_link *l, int64_t now, struct err *e) MUST_CHECK;
