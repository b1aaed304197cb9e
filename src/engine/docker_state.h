/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "engine/docker_create.h"
#include "engine/engine.h"

/* Reading the engine's answers. Pure; strings in results point into the JSON. */

/* Containers in one list, ports of one container, plugins of one engine: further ones
 * are refused or, for ports and plugins, left out. */
#define DOCKER_LIST_MAX 65536
#define DOCKER_PORTS_MAX 256
#define DOCKER_PLUGINS_MAX 128

/* Parses an answer's body. ERR_BAD_MESSAGE. */
int docker_parse(const void *data, size_t n, json_t **out, struct err *e) MUST_CHECK;

/* GET /containers/ID/json. `ports` has room for DOCKER_PORTS_MAX and must last as long as
 * the state. */
int docker_state_from_inspect(const json_t *j, struct engine_port *ports,
                              struct engine_state *out, struct err *e) MUST_CHECK;

/* GET /containers/json. The array is the caller's to free. */
int docker_states_from_list(const json_t *j, struct engine_state **out, size_t *n,
                            struct err *e) MUST_CHECK;

/* GET /info. The plugins' array (DOCKER_PLUGINS_MAX) must last as long as the info. */
int docker_info_from_json(const json_t *j, enum docker_kind kind,
                          struct engine_plugin *plugins, struct engine_info *out,
                          struct err *e) MUST_CHECK;

/* GET /version: which engine, which version of it and of its API to speak. */
struct docker_version {
    enum docker_kind kind;
    char version[64];
    char prefix[16]; /* "/v1.41" */
};
int docker_version_from_json(const json_t *j, struct docker_version *out,
                             struct err *e) MUST_CHECK;

/* GET /libpod/containers/ID/healthcheck, or State.Health of inspect. */
enum engine_health docker_health_from_json(const json_t *health);

/* The error that an answer of the given HTTP status is. */
int docker_error(int status, const void *body, size_t n, struct err *e);

/* What POST /images/create said in its stream of JSON values: the last error in it, or 0.
 */
int docker_pull_result(const void *body, size_t n, struct err *e);
