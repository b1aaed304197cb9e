/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/output.h"

/* `info`, `version` and `events`. */
extern const struct flag system_info_flags[];
extern const struct flag system_events_flags[];

int system_run_info(struct cli *c, struct err *e) MUST_CHECK;
int system_run_version(struct cli *c, struct err *e) MUST_CHECK;
int system_run_events(struct cli *c, struct err *e) MUST_CHECK;
