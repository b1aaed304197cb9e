/* SPDX-License-Identifier: Apache-2.0 */
#include "net/node_protocol.h"

#include "swarm/dispatcher.pb-c.h"
#include "swarm/logbroker.pb-c.h"

const struct rpc_method node_protocol_session = {
    "/docker.swarmkit.v1.Dispatcher/Session",
    &swarm__session_request__descriptor,
    &swarm__session_message__descriptor,
};

const struct rpc_method node_protocol_heartbeat = {
    "/docker.swarmkit.v1.Dispatcher/Heartbeat",
    &swarm__heartbeat_request__descriptor,
    &swarm__heartbeat_response__descriptor,
};

const struct rpc_method node_protocol_assignments = {
    "/docker.swarmkit.v1.Dispatcher/Assignments",
    &swarm__assignments_request__descriptor,
    &swarm__assignments_message__descriptor,
};

const struct rpc_method node_protocol_update_task_status = {
    "/docker.swarmkit.v1.Dispatcher/UpdateTaskStatus",
    &swarm__update_task_status_request__descriptor,
    &swarm__update_task_status_response__descriptor,
};

const struct rpc_method node_protocol_listen_subscriptions = {
    "/docker.swarmkit.v1.LogBroker/ListenSubscriptions",
    &swarm__listen_subscriptions_request__descriptor,
    &swarm__subscription_message__descriptor,
};

const struct rpc_method node_protocol_publish_logs = {
    "/docker.swarmkit.v1.LogBroker/PublishLogs",
    &swarm__publish_logs_message__descriptor,
    &swarm__publish_logs_response__descriptor,
};
