/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/output.h"

extern const struct command service_commands[];

extern const struct flag service_create_flags[];
extern const struct flag service_update_flags[];

int service_run_create(struct cli *c, struct err *e) MUST_CHECK;
int service_run_update(struct cli *c, struct err *e) MUST_CHECK;
int service_run_rollback(struct cli *c, struct err *e) MUST_CHECK;
int service_run_scale(struct cli *c, struct err *e) MUST_CHECK;
int service_run_logs(struct cli *c, struct err *e) MUST_CHECK;
int service_run_ls(struct cli *c, struct err *e) MUST_CHECK;
int service_run_inspect(struct cli *c, struct err *e) MUST_CHECK;

/* The service of an id, name or beginning of an id; with_defaults: what isn't said is
 * filled in. */
int service_fetch(struct cli *c, const char *name, bool with_defaults, json_t **out,
                  struct err *e) MUST_CHECK;
