/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/docker_create.h"
#include "engine/engine.h"
#include "json/json.h"

/* Reading the engine's answers. Pure; strings in results point into the JSON. */

/* The largest answers taken, and the values in them. A container in a list has about 60
 * values, in an inspect about 500. */
#define DOCKER_BODY_MAX ((size_t)4 * 1024 * 1024)
#define DOCKER_VALUES_MAX ((size_t)128 * 1024)
#define DOCKER_BODY_LIST_MAX ((size_t)64 * 1024 * 1024)
#define DOCKER_VALUES_LIST_MAX ((size_t)2 * 1024 * 1024)

/* A container's id, a task's id, a name that the engine tells: what is longer is none. */
#define DOCKER_ID_MAX 127
#define DOCKER_TEXT_MAX 255

/* Containers in one list, ports of one container, plugins of one engine: further ones
 * are refused or, for ports and plugins, left out. */
#define DOCKER_LIST_MAX 16384
#define DOCKER_PORTS_MAX 256
#define DOCKER_PLUGINS_MAX 128

/* Parses an answer's body, that of a list with the list's limits. ERR_BAD_MESSAGE,
 * ERR_RESOURCE_EXHAUSTED beyond the limits, ERR_NO_MEMORY. A NUL in a string, which a
 * health check's output may have, is read as U+FFFD. */
int docker_parse(const void *data, size_t n, json_t **out, struct err *e) MUST_CHECK;
int docker_parse_list(const void *data, size_t n, json_t **out, struct err *e) MUST_CHECK;

/* GET /containers/ID/json. `ports` has room for DOCKER_PORTS_MAX and must last as long as
 * the state. ERR_BAD_MESSAGE when it doesn't say whether the container runs, or numbers
 * or ids are none that can be. */
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

/* The error that an answer of the given HTTP status is; never 0. */
int docker_error(int status, const void *body, size_t n, struct err *e);
