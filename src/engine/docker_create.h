/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "engine/engine.h"

/* What a task's container is in the Docker Engine API. Pure but for docker_check_binds.
 */

enum docker_kind {
    DOCKER_UNKNOWN, /* it hasn't answered yet */
    DOCKER_DOCKERD,
    DOCKER_PODMAN,
};

/*
 * The body of POST /containers/create. ERR_UNIMPLEMENTED, with the field's name, for what
 * can't be done here; ERR_INVALID_ARGUMENT for text that isn't UTF-8.
 */
int docker_create_body(const struct engine_container *c, enum docker_kind kind,
                       json_t **out, struct err *e) MUST_CHECK;

/* The parts of it, each a file: HostConfig's Mounts and HostConfig's network side. They
 * add to `host` (and `body`). */
int docker_create_mounts(const struct engine_container *c, json_t *host,
                         struct err *e) MUST_CHECK;
int docker_create_network(const struct engine_container *c, json_t *body, json_t *host,
                          struct err *e) MUST_CHECK;

/* Are the paths there that the task binds? Only Podman has to be asked for. This one
 * looks at the file system, through /proc/PID/root of the engine (pid 0: directly).
 * ERR_INVALID_ARGUMENT with dockerd's words. */
int docker_check_binds(const struct engine_container *c, enum docker_kind kind, pid_t pid,
                       struct err *e) MUST_CHECK;

/* The image's name as the engine understands it: Podman takes no tag beside a digest. */
int docker_image_name(const char *image, enum docker_kind kind, struct buf *out,
                      struct err *e) MUST_CHECK;

/* The same, split for POST /images/create: "fromImage=NAME&tag=TAG-OR-DIGEST", encoded.
 */
int docker_image_pull_query(const char *image, struct buf *out, struct err *e) MUST_CHECK;
