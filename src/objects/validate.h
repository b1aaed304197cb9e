/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "objects/objects.h"

/*
 * What the files validate_*.c share. Each function looks at one part of a spec and
 * returns 0 or the error for a user: ERR_INVALID_ARGUMENT, or ERR_UNIMPLEMENTED for what
 * isn't supported. Parts that are absent (NULL) are valid.
 */

/* Labels and name together are within ANNOTATIONS_SIZE_LIMIT and LABELS_LIMIT. */
int annotations_validate(const Swarm__Annotations *annotations, struct err *e) MUST_CHECK;

/* A spec as a whole is within `limit` bytes; `what` names it. */
int spec_size_validate(const ProtobufCMessage *spec, size_t limit, const char *what,
                       struct err *e) MUST_CHECK;

/* A duration isn't longer than DURATION_LIMIT; "<what> cannot be longer than ...". The
 * second one refuses negative ones as well: "<what> cannot be negative". */
int duration_limit_validate(const Swarm__Duration *duration, const char *what,
                            struct err *e) MUST_CHECK;
int duration_validate(const Swarm__Duration *duration, const char *what,
                      struct err *e) MUST_CHECK;

/* Refuses a feature: "<what> is not supported yet: <instead>". */
int refuse(struct err *e, const char *what, const char *instead);

int task_spec_validate(const Swarm__TaskSpec *task, struct err *e) MUST_CHECK;
int container_spec_validate(const Swarm__ContainerSpec *container,
                            struct err *e) MUST_CHECK;
int mounts_validate(const Swarm__ContainerSpec *container, struct err *e) MUST_CHECK;
int references_validate(const Swarm__ContainerSpec *container, struct err *e) MUST_CHECK;

/* Of a container whose references and mounts are valid. */
int targets_validate(const Swarm__ContainerSpec *container, struct err *e) MUST_CHECK;

/* Of a service or its task. */
int networks_validate(size_t n, Swarm__NetworkAttachmentConfig *const *networks,
                      struct err *e) MUST_CHECK;

/* Is it an image as `docker run` takes it: [registry/]path[:tag][@digest]? */
bool image_reference_is_valid(const char *image);

/* Does text have a template action, as in "{{.Node.Hostname}}"? */
bool has_template(const char *text);
