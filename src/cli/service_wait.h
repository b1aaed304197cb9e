/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/command.h"

/*
 * Waits until a service has converged, unless --detach says not to; shows its progress
 * unless --quiet. cofferd's events say when to look again: nothing is polled. Another
 * server (dockerd) has no events of tasks: there it looks again as Docker's client does.
 * When the user interrupts, the service goes on converging and this is no failure.
 */
int service_wait(struct cli *c, const char *id, struct err *e) MUST_CHECK;

/* The warnings in an answer of the API go to standard error. */
void service_print_warnings(const json_t *answer);
