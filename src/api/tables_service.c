/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tables.h"

/* ---- modes ---- */

static const struct api_field replicated_rows[] = {
    {.name = "Replicas", .proto = "replicas", .show = API_ALWAYS, .preset = 1},
};
static const struct api_table replicated =
    API_TABLE(swarm__replicated_service, replicated_rows);

static const struct api_field job_rows[] = {
    {.name = "MaxConcurrent", .proto = "max_concurrent", .show = API_ALWAYS, .preset = 1},
    {.name = "TotalCompletions",
     .proto = "total_completions",
     .show = API_ALWAYS,
     .preset = 1},
};
static const struct api_table job = API_TABLE(swarm__replicated_job, job_rows);

static const struct api_table global = {&swarm__global_service__descriptor, 0, NULL};
static const struct api_table global_job = {&swarm__global_job__descriptor, 0, NULL};

/* The modes are members of a oneof, which lies in the service's own message. */
static const struct api_field mode_rows[] = {
    {.name = "Replicated", .proto = "replicated", .table = &replicated},
    {.name = "Global", .proto = "global", .table = &global},
    {.name = "ReplicatedJob", .proto = "replicated_job", .table = &job},
    {.name = "GlobalJob", .proto = "global_job", .table = &global_job},
};
static const struct api_table mode = API_TABLE(swarm__service_spec, mode_rows);

static int decode_mode(ProtobufCMessage *m, json_t *j, struct err *e)
{
    return api_table_decode(&mode, j, m, e);
}

static void encode_mode(const ProtobufCMessage *m, const char *name,
                        struct api_json_out *w)
{
    api_json_key(w, name);
    api_table_encode(&mode, m, w);
}

static const struct api_custom service_mode = {decode_mode, encode_mode};

/* ---- updates ---- */

static const struct api_name failure_actions[] = {
    {"pause", SWARM__UPDATE_CONFIG__FAILURE_ACTION__PAUSE},
    {"continue", SWARM__UPDATE_CONFIG__FAILURE_ACTION__CONTINUE},
    {"rollback", SWARM__UPDATE_CONFIG__FAILURE_ACTION__ROLLBACK},
};
static const struct api_names failure_action_names =
    API_NAMES("update failure action", failure_actions);

static const struct api_name orders[] = {
    {"stop-first", SWARM__UPDATE_CONFIG__UPDATE_ORDER__STOP_FIRST},
    {"start-first", SWARM__UPDATE_CONFIG__UPDATE_ORDER__START_FIRST},
};
static const struct api_names order_names = API_NAMES("update order", orders);

static const struct api_field update_rows[] = {
    {.name = "Parallelism", .proto = "parallelism", .show = API_ALWAYS},
    {.name = "Delay", .proto = "delay", .flags = API_BY_VALUE},
    {.name = "FailureAction",
     .proto = "failure_action",
     .show = API_ALWAYS,
     .names = &failure_action_names},
    {.name = "Monitor", .proto = "monitor", .flags = API_BY_VALUE},
    {.name = "MaxFailureRatio", .proto = "max_failure_ratio", .show = API_ALWAYS},
    {.name = "Order", .proto = "order", .show = API_ALWAYS, .names = &order_names},
};
static const struct api_table update = API_TABLE(swarm__update_config, update_rows);

static const struct api_field service_spec_rows[] = {
    {.proto = "annotations", .flags = API_INLINE, .table = &api_table_annotations},
    {.name = "TaskTemplate",
     .proto = "task",
     .show = API_ALWAYS,
     .table = &api_table_task_template},
    {.name = "Mode", .custom = &service_mode},
    {.name = "UpdateConfig", .proto = "update", .table = &update},
    {.name = "RollbackConfig", .proto = "rollback", .table = &update},
    {.name = "Networks",
     .proto = "networks",
     .table = &api_table_network_attachment_config},
    {.name = "EndpointSpec", .proto = "endpoint", .table = &api_table_endpoint_spec},
};
const struct api_table api_table_service_spec =
    API_TABLE(swarm__service_spec, service_spec_rows);

/* ---- the service ---- */

static const struct api_field vip_rows[] = {
    {.name = "NetworkID", .proto = "network_id"},
    {.name = "Addr", .proto = "addr"},
};
static const struct api_table vip = API_TABLE(swarm__endpoint__virtual_ip, vip_rows);

static const struct api_field endpoint_rows[] = {
    {.name = "Spec",
     .proto = "spec",
     .show = API_EMPTY,
     .table = &api_table_endpoint_spec},
    {.name = "Ports", .proto = "ports", .table = &api_table_port},
    {.name = "VirtualIPs", .proto = "virtual_ips", .table = &vip},
};
static const struct api_table endpoint = API_TABLE(swarm__endpoint, endpoint_rows);

static const struct api_name update_states[] = {
    {"", SWARM__UPDATE_STATUS__UPDATE_STATE__UNKNOWN},
    {"updating", SWARM__UPDATE_STATUS__UPDATE_STATE__UPDATING},
    {"paused", SWARM__UPDATE_STATUS__UPDATE_STATE__PAUSED},
    {"completed", SWARM__UPDATE_STATUS__UPDATE_STATE__COMPLETED},
    {"rollback_started", SWARM__UPDATE_STATUS__UPDATE_STATE__ROLLBACK_STARTED},
    {"rollback_paused", SWARM__UPDATE_STATUS__UPDATE_STATE__ROLLBACK_PAUSED},
    {"rollback_completed", SWARM__UPDATE_STATUS__UPDATE_STATE__ROLLBACK_COMPLETED},
};
const struct api_names api_names_update_state = API_NAMES("update state", update_states);

static const struct api_field update_status_rows[] = {
    {.name = "State", .proto = "state", .names = &api_names_update_state},
    {.name = "StartedAt", .proto = "started_at"},
    {.name = "CompletedAt", .proto = "completed_at"},
    {.name = "Message", .proto = "message"},
};
static const struct api_table update_status =
    API_TABLE(swarm__update_status, update_status_rows);

static const struct api_field head_rows[] = {
    {.name = "ID", .proto = "id"},
    {.proto = "meta", .flags = API_INLINE, .table = &api_table_meta},
    {.name = "Spec",
     .proto = "spec",
     .show = API_ALWAYS,
     .table = &api_table_service_spec},
    {.name = "PreviousSpec", .proto = "previous_spec", .table = &api_table_service_spec},
    {.name = "Endpoint", .proto = "endpoint", .show = API_ALWAYS, .table = &endpoint},
    {.name = "UpdateStatus", .proto = "update_status", .table = &update_status},
};
const struct api_table api_table_service_head = API_TABLE(swarm__service, head_rows);

static const struct api_field job_status_rows[] = {
    {.name = "JobIteration",
     .proto = "job_iteration",
     .show = API_ALWAYS,
     .table = &api_table_version},
    {.name = "LastExecution", .proto = "last_execution", .show = API_ALWAYS},
};
static const struct api_table job_status = API_TABLE(swarm__job_status, job_status_rows);

static const struct api_field tail_rows[] = {
    {.name = "JobStatus", .proto = "job_status", .table = &job_status},
};
const struct api_table api_table_service_tail = API_TABLE(swarm__service, tail_rows);
