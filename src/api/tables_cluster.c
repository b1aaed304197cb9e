/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of the cluster are read over those that hold, so that what is left out
 * (or zero, where zero makes no sense) stays as it is; {} takes all labels away. */
#include "api/tables.h"

static const struct api_field annotations_rows[] = {
    {.name = "Name", .proto = "name", .flags = API_KEEP},
    {.name = "Labels", .proto = "labels", .show = API_ALWAYS},
};
static const struct api_table annotations =
    API_TABLE(swarm__annotations, annotations_rows);

static const struct api_field orchestration_rows[] = {
    {.name = "TaskHistoryRetentionLimit",
     .proto = "task_history_retention_limit",
     .show = API_ALWAYS},
};
static const struct api_table orchestration =
    API_TABLE(swarm__orchestration_config, orchestration_rows);

static const struct api_field raft_rows[] = {
    {.name = "SnapshotInterval", .proto = "snapshot_interval", .flags = API_KEEP},
    {.name = "KeepOldSnapshots", .proto = "keep_old_snapshots", .show = API_ALWAYS},
    {.name = "LogEntriesForSlowFollowers",
     .proto = "log_entries_for_slow_followers",
     .flags = API_KEEP},
    {.name = "ElectionTick",
     .proto = "election_tick",
     .show = API_ALWAYS,
     .flags = API_KEEP},
    {.name = "HeartbeatTick",
     .proto = "heartbeat_tick",
     .show = API_ALWAYS,
     .flags = API_KEEP},
};
static const struct api_table raft = API_TABLE(swarm__raft_config, raft_rows);

static const struct api_field dispatcher_rows[] = {
    {.name = "HeartbeatPeriod", .proto = "heartbeat_period", .flags = API_KEEP},
};
static const struct api_table dispatcher =
    API_TABLE(swarm__dispatcher_config, dispatcher_rows);

static const struct api_name ca_protocols[] = {
    {"cfssl", SWARM__EXTERNAL_CA__CAPROTOCOL__CFSSL},
};
static const struct api_names ca_protocol_names = API_NAMES("CA protocol", ca_protocols);

static const struct api_field external_ca_rows[] = {
    {.name = "Protocol",
     .proto = "protocol",
     .show = API_ALWAYS,
     .names = &ca_protocol_names},
    {.name = "URL", .proto = "url", .show = API_ALWAYS},
    {.name = "Options", .proto = "options"},
    {.name = "CACert", .proto = "ca_cert", .show = API_ALWAYS, .flags = API_TEXT},
};
static const struct api_table external_ca =
    API_TABLE(swarm__external_ca, external_ca_rows);

static const struct api_field ca_rows[] = {
    {.name = "NodeCertExpiry", .proto = "node_cert_expiry", .flags = API_KEEP},
    {.name = "ExternalCAs", .proto = "external_cas", .table = &external_ca},
    {.name = "SigningCACert", .proto = "signing_ca_cert", .flags = API_TEXT},
    {.name = "SigningCAKey",
     .proto = "signing_ca_key",
     .show = API_NEVER,
     .flags = API_TEXT},
    {.name = "ForceRotate", .proto = "force_rotate"},
};
static const struct api_table ca = API_TABLE(swarm__caconfig, ca_rows);

static const struct api_field task_defaults_rows[] = {
    {.name = "LogDriver", .proto = "log_driver", .table = &api_table_driver},
};
static const struct api_table task_defaults =
    API_TABLE(swarm__task_defaults, task_defaults_rows);

static const struct api_field encryption_rows[] = {
    {.name = "AutoLockManagers", .proto = "auto_lock_managers", .show = API_ALWAYS},
};
static const struct api_table encryption =
    API_TABLE(swarm__encryption_config, encryption_rows);

static const struct api_field cluster_spec_rows[] = {
    {.proto = "annotations", .flags = API_INLINE, .table = &annotations},
    {.name = "Orchestration",
     .proto = "orchestration",
     .show = API_ALWAYS,
     .table = &orchestration},
    {.name = "Raft", .proto = "raft", .show = API_ALWAYS, .table = &raft},
    {.name = "Dispatcher",
     .proto = "dispatcher",
     .show = API_ALWAYS,
     .table = &dispatcher},
    {.name = "CAConfig", .proto = "ca_config", .show = API_ALWAYS, .table = &ca},
    {.name = "TaskDefaults",
     .proto = "task_defaults",
     .show = API_ALWAYS,
     .table = &task_defaults},
    {.name = "EncryptionConfig",
     .proto = "encryption_config",
     .show = API_ALWAYS,
     .table = &encryption},
};
const struct api_table api_table_cluster_spec =
    API_TABLE(swarm__cluster_spec, cluster_spec_rows);

static const struct api_field cluster_rows[] = {
    {.name = "ID", .proto = "id"},
    {.proto = "meta", .flags = API_INLINE, .table = &api_table_meta},
    {.name = "Spec",
     .proto = "spec",
     .show = API_ALWAYS,
     .table = &api_table_cluster_spec},
};
const struct api_table api_table_cluster_head = API_TABLE(swarm__cluster, cluster_rows);
