/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tables.h"
#include "base/str.h"

/* ---- placement ---- */

static const struct api_field spread_rows[] = {
    {.name = "SpreadDescriptor", .proto = "spread_descriptor", .show = API_ALWAYS},
};
static const struct api_table spread = API_TABLE(swarm__spread_over, spread_rows);

static const struct api_field preference_rows[] = {
    {.name = "Spread", .proto = "spread", .show = API_NULL, .table = &spread},
};
static const struct api_table preference =
    API_TABLE(swarm__placement_preference, preference_rows);

static const struct api_field placement_rows[] = {
    {.name = "Constraints", .proto = "constraints"},
    {.name = "Preferences", .proto = "preferences", .table = &preference},
    {.name = "MaxReplicas", .proto = "max_replicas"},
    {.name = "Platforms", .proto = "platforms", .table = &api_table_platform},
};
static const struct api_table placement = API_TABLE(swarm__placement, placement_rows);

/* ---- restart ---- */

static const struct api_name conditions[] = {
    {"none", SWARM__RESTART_POLICY__RESTART_CONDITION__NONE},
    {"on-failure", SWARM__RESTART_POLICY__RESTART_CONDITION__ON_FAILURE},
    {"any", SWARM__RESTART_POLICY__RESTART_CONDITION__ANY},
};
static const struct api_names condition_names = API_NAMES("RestartCondition", conditions);

static const struct api_field restart_rows[] = {
    {.name = "Condition",
     .proto = "condition",
     .show = API_ALWAYS,
     .preset = SWARM__RESTART_POLICY__RESTART_CONDITION__ANY,
     .names = &condition_names},
    {.name = "Delay", .proto = "delay"},
    {.name = "MaxAttempts", .proto = "max_attempts", .show = API_ALWAYS},
    {.name = "Window", .proto = "window"},
};
static const struct api_table restart = API_TABLE(swarm__restart_policy, restart_rows);

/* ---- networks ---- */

static const struct api_field attachment_config_rows[] = {
    {.name = "Target", .proto = "target"},
    {.name = "Aliases", .proto = "aliases"},
    {.name = "DriverOpts", .proto = "driver_attachment_opts"},
};
const struct api_table api_table_network_attachment_config =
    API_TABLE(swarm__network_attachment_config, attachment_config_rows);

/* ---- resources: Docker has the limit of processes there, the protocol in the container
 * ---- */

static const struct api_field requirements_rows[] = {
    {.name = "Limits", .proto = "limits", .table = &api_table_resources},
    {.name = "Reservations", .proto = "reservations", .table = &api_table_resources},
    {.name = "SwapBytes", .proto = "swap_bytes"},
    {.name = "MemorySwappiness", .proto = "memory_swappiness"},
};
static const struct api_table requirements =
    API_TABLE(swarm__resource_requirements, requirements_rows);

static int decode_pids(Swarm__TaskSpec *task, json_t *pids, struct err *e)
{
    if (!pids || json_is_null(pids) ||
        (json_is_integer(pids) && json_integer_value(pids) == 0))
        return 0;
    if (!json_is_integer(pids))
        return err_set(e, ERR_INVALID_ARGUMENT, "Limits.Pids: must be a whole number");
    if (task->runtime_case == SWARM__TASK_SPEC__RUNTIME__NOT_SET) {
        task->container = message_new(&swarm__container_spec__descriptor);
        if (!task->container)
            return err_no_memory(e);
        task->runtime_case = SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    }
    task->container->pids_limit = json_integer_value(pids);
    return 0;
}

static int decode_resources(ProtobufCMessage *m, json_t *j, struct err *e)
{
    Swarm__TaskSpec *task = (Swarm__TaskSpec *)m;
    if (!task->resources &&
        !(task->resources = message_new(&swarm__resource_requirements__descriptor)))
        return err_no_memory(e);
    int r = api_table_decode(&requirements, j, &task->resources->base, e);
    return r ? r : decode_pids(task, api_json_get(api_json_get(j, "Limits"), "Pids"), e);
}

static int64_t pids_of(const Swarm__TaskSpec *task)
{
    bool has = task->runtime_case == SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    return has && task->container ? task->container->pids_limit : 0;
}

static void encode_limits(const Swarm__TaskSpec *task, struct api_json_out *w)
{
    const Swarm__Resources *limits = task->resources->limits;
    if (!limits && !pids_of(task))
        return;
    api_json_key(w, "Limits");
    api_json_open(w, '{');
    if (limits)
        api_table_encode_fields(&api_table_resources, &limits->base, w);
    if (pids_of(task)) {
        api_json_key(w, "Pids");
        api_json_int(w, pids_of(task));
    }
    api_json_close(w, '}');
}

static const struct api_table requirements_tail = {
    &swarm__resource_requirements__descriptor, ARRAY_SIZE(requirements_rows) - 1,
    requirements_rows + 1};

static void encode_resources(const ProtobufCMessage *m, const char *name,
                             struct api_json_out *w)
{
    const Swarm__TaskSpec *task = (const Swarm__TaskSpec *)m;
    if (!task->resources)
        return;
    api_json_key(w, name);
    api_json_open(w, '{');
    encode_limits(task, w);
    api_table_encode_fields(&requirements_tail, &task->resources->base, w);
    api_json_close(w, '}');
}

static const struct api_custom resources = {decode_resources, encode_resources};

/* ---- the specification ---- */

static const struct api_field task_spec_rows[] = {
    {.name = "ContainerSpec", .proto = "container", .table = &api_table_container_spec},
    {.name = "PluginSpec", .flags = API_REFUSE},
    {.name = "NetworkAttachmentSpec", .flags = API_REFUSE},
    {.name = "Resources", .custom = &resources},
    {.name = "RestartPolicy", .proto = "restart", .table = &restart},
    {.name = "Placement", .proto = "placement", .table = &placement},
    {.name = "Networks",
     .proto = "networks",
     .table = &api_table_network_attachment_config},
    {.name = "LogDriver", .proto = "log_driver", .table = &api_table_driver},
    {.name = "ForceUpdate", .proto = "force_update", .show = API_ALWAYS},
};
/* As a task shows it. */
static const struct api_table task_spec = API_TABLE(swarm__task_spec, task_spec_rows);

static int decode_runtime(ProtobufCMessage *m, json_t *j, struct err *e)
{
    const char *runtime = json_string_value(j);
    if (!runtime)
        return err_set(e, ERR_INVALID_ARGUMENT, "must be a string");
    if (!*runtime || str_equal(runtime, "container"))
        return 0;
    return err_set(e, ERR_UNIMPLEMENTED, "only \"container\" is supported");
}

static void encode_runtime(const ProtobufCMessage *m, const char *name,
                           struct api_json_out *w)
{
    const Swarm__TaskSpec *task = (const Swarm__TaskSpec *)m;
    if (task->runtime_case == SWARM__TASK_SPEC__RUNTIME_CONTAINER)
        api_json_member(w, name, "container");
}

static const struct api_custom runtime = {decode_runtime, encode_runtime};

static const struct api_field task_template_rows[] = {
    {.flags = API_INLINE, .table = &task_spec},
    {.name = "Runtime", .custom = &runtime},
};
const struct api_table api_table_task_template =
    API_TABLE(swarm__task_spec, task_template_rows);

/* ---- the task ---- */

static void encode_state(Swarm__TaskState state, const char *name, struct api_json_out *w)
{
    const char *word = task_state_name(state);
    api_json_member(w, name, word ? word : "unknown");
}

static void encode_status_state(const ProtobufCMessage *m, const char *name,
                                struct api_json_out *w)
{
    encode_state(((const Swarm__TaskStatus *)m)->state, name, w);
}

static void encode_desired_state(const ProtobufCMessage *m, const char *name,
                                 struct api_json_out *w)
{
    encode_state(((const Swarm__Task *)m)->desired_state, name, w);
}

static const struct api_custom status_state = {NULL, encode_status_state};
static const struct api_custom desired_state = {NULL, encode_desired_state};

static const struct api_field container_status_rows[] = {
    {.name = "ContainerID", .proto = "container_id", .show = API_ALWAYS},
    {.name = "PID", .proto = "pid", .show = API_ALWAYS},
    {.name = "ExitCode", .proto = "exit_code", .show = API_ALWAYS},
};
static const struct api_table container_status =
    API_TABLE(swarm__container_status, container_status_rows);

static const struct api_field port_status_rows[] = {
    {.name = "Ports", .proto = "ports", .table = &api_table_port},
};
static const struct api_table port_status =
    API_TABLE(swarm__port_status, port_status_rows);

static const struct api_field status_rows[] = {
    {.name = "Timestamp", .proto = "timestamp", .show = API_ALWAYS},
    {.name = "State", .custom = &status_state},
    {.name = "Message", .proto = "message"},
    {.name = "Err", .proto = "err"},
    {.name = "ContainerStatus", .proto = "container", .table = &container_status},
    {.name = "PortStatus",
     .proto = "port_status",
     .show = API_ALWAYS,
     .table = &port_status},
};
static const struct api_table status = API_TABLE(swarm__task_status, status_rows);

static const struct api_field attachment_rows[] = {
    {.name = "Network",
     .proto = "network",
     .show = API_ALWAYS,
     .table = &api_table_network},
    {.name = "Addresses", .proto = "addresses"},
};
static const struct api_table attachment =
    API_TABLE(swarm__network_attachment, attachment_rows);

static const struct api_field task_rows[] = {
    {.name = "ID", .proto = "id"},
    {.proto = "meta", .flags = API_INLINE, .table = &api_table_meta},
    {.proto = "annotations", .flags = API_INLINE, .table = &api_table_annotations},
    {.name = "Spec", .proto = "spec", .show = API_ALWAYS, .table = &task_spec},
    {.name = "ServiceID", .proto = "service_id"},
    {.name = "Slot", .proto = "slot"},
    {.name = "NodeID", .proto = "node_id"},
    {.name = "Status", .proto = "status", .show = API_ALWAYS, .table = &status},
    {.name = "DesiredState", .custom = &desired_state},
    {.name = "NetworksAttachments", .proto = "networks", .table = &attachment},
    {.name = "JobIteration", .proto = "job_iteration", .table = &api_table_version},
};
const struct api_table api_table_task = API_TABLE(swarm__task, task_rows);
