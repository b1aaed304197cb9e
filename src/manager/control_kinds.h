/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "manager/control.h"

/* Private to control.c: what one request is about, and what each kind does with it. */
struct control {
    struct store_tx *tx;
    const struct store_view *view; /* of tx */
    const struct manager_env *env;
    enum object_kind kind;
    const char *id;
    const struct control_update *how; /* of an update */
    bool force;                       /* of a removal */
    struct err *e;
};

/* Checks a new object that has its id and its spec, and fills in what its kind has
 * besides. */
int service_control_create(const struct control *c, Swarm__Service *new) MUST_CHECK;
int node_control_create(const struct control *c, Swarm__Node *new) MUST_CHECK;
int cluster_control_create(const struct control *c, Swarm__Cluster *new) MUST_CHECK;

/* Changes a copy of the object to what `spec` asks for. *spec is taken when it goes into
 * the object. */
int payload_control_update(const struct control *c, struct object *copy,
                           ProtobufCMessage **spec) MUST_CHECK;
int service_control_update(const struct control *c, Swarm__Service *copy,
                           ProtobufCMessage **spec) MUST_CHECK;
int node_control_update(const struct control *c, Swarm__Node *copy,
                        ProtobufCMessage **spec) MUST_CHECK;
int cluster_control_update(const struct control *c, Swarm__Cluster *copy,
                           ProtobufCMessage **spec) MUST_CHECK;

/* May it be removed? A node's removal also writes what comes of it. */
int payload_control_remove(const struct control *c, const struct object *o) MUST_CHECK;
int node_control_remove(const struct control *c, const struct object *o) MUST_CHECK;
