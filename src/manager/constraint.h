/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "objects/objects.h"

/*
 * Private to the manager: do a placement's constraints let its tasks run on a node? Keys
 * are node.id, node.hostname, node.ip (an address or a subnet), node.role,
 * node.platform.os, node.platform.arch, node.labels.X and engine.labels.X; a label that a
 * node doesn't have is "". Values compare without case; nothing is a pattern. A
 * constraint that can't be read lets no node through. placement may be NULL.
 */
bool constraints_allow(const Swarm__Placement *placement, const Swarm__Node *n);
