/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "net/rpc.h"

/* The methods of SwarmKit's node protocol that we call or serve, with their message
 * types. */
extern const struct rpc_method node_protocol_session;
extern const struct rpc_method node_protocol_heartbeat;
extern const struct rpc_method node_protocol_assignments;
extern const struct rpc_method node_protocol_update_task_status;
extern const struct rpc_method node_protocol_listen_subscriptions;
extern const struct rpc_method node_protocol_publish_logs;
