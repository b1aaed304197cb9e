/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/client.h"
#include "cli/fields.h"
#include "cli/flags.h"

/*
 * What flags of `service create` and `service update` write into a service's spec. Pure,
 * but for references, which are looked up. The tables of rules say for each flag which
 * field it sets; a list's flag is NAME for create and NAME-add, NAME-rm for update.
 */

#define SPEC_TASK "TaskTemplate"
#define SPEC_CONTAINER SPEC_TASK ".ContainerSpec"

extern const struct flag_type flag_secret, flag_config, flag_mount, flag_ulimit,
    flag_host;
extern const struct flag_type flag_network, flag_preference, flag_variable;

/* Flags with one value: limits, policies, health check. */
int spec_apply_scalars(json_t *spec, const struct flags *f, struct err *e) MUST_CHECK;

/* Flags with many values: environment, labels, mounts, constraints, ... */
int spec_apply_lists(json_t *spec, const struct flags *f, struct err *e) MUST_CHECK;

/* --cap-add and --cap-drop. */
int spec_apply_capabilities(json_t *spec, const struct flags *f,
                            struct err *e) MUST_CHECK;

/* --env-file, whose variables those of --env replace. */
int spec_apply_environment(json_t *spec, const struct flags *f, struct err *e) MUST_CHECK;

/* What create and update share: scalars, lists, capabilities, references. */
int spec_apply_flags(json_t *spec, const struct flags *f, struct client *c,
                     struct err *e) MUST_CHECK;

/* A --mount's value as JSON. */
int spec_parse_mount(const char *text, json_t **out, struct err *e) MUST_CHECK;

/* A --secret's or --config's value: {"Source": ..., "File": {...}}. */
int spec_parse_reference(const char *kind, const char *text, json_t **out,
                         struct err *e) MUST_CHECK;
