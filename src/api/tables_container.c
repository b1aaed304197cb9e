/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tables.h"

static const struct api_field health_rows[] = {
    {.name = "Test", .proto = "test"},
    {.name = "Interval", .proto = "interval", .flags = API_BY_VALUE},
    {.name = "Timeout", .proto = "timeout", .flags = API_BY_VALUE},
    {.name = "StartPeriod", .proto = "start_period", .flags = API_BY_VALUE},
    {.name = "StartInterval", .proto = "start_interval", .flags = API_BY_VALUE},
    {.name = "Retries", .proto = "retries"},
};
static const struct api_table health = API_TABLE(swarm__health_config, health_rows);

static const struct api_field dns_rows[] = {
    {.name = "Nameservers", .proto = "nameservers"},
    {.name = "Search", .proto = "search"},
    {.name = "Options", .proto = "options"},
};
static const struct api_table dns = API_TABLE(swarm__container_spec__dnsconfig, dns_rows);

/* ---- secrets and configs ---- */

static const struct api_field file_rows[] = {
    {.name = "Name", .proto = "name", .show = API_ALWAYS},
    {.name = "UID", .proto = "uid", .show = API_ALWAYS},
    {.name = "GID", .proto = "gid", .show = API_ALWAYS},
    {.name = "Mode", .proto = "mode", .show = API_ALWAYS},
};
static const struct api_table file = API_TABLE(swarm__file_target, file_rows);

static const struct api_table runtime = {&swarm__runtime_target__descriptor, 0, NULL};

static const struct api_field secret_rows[] = {
    {.name = "File", .proto = "file", .show = API_NULL, .table = &file},
    {.name = "SecretID", .proto = "secret_id", .show = API_ALWAYS},
    {.name = "SecretName", .proto = "secret_name", .show = API_ALWAYS},
};
static const struct api_table secret = API_TABLE(swarm__secret_reference, secret_rows);

static const struct api_field config_rows[] = {
    {.name = "File", .proto = "file", .table = &file},
    {.name = "Runtime", .proto = "runtime", .table = &runtime},
    {.name = "ConfigID", .proto = "config_id", .show = API_ALWAYS},
    {.name = "ConfigName", .proto = "config_name", .show = API_ALWAYS},
};
static const struct api_table config = API_TABLE(swarm__config_reference, config_rows);

/* ---- the container ---- */

static const struct api_field ulimit_rows[] = {
    {.name = "Name", .proto = "name", .show = API_ALWAYS},
    {.name = "Hard", .proto = "hard", .show = API_ALWAYS},
    {.name = "Soft", .proto = "soft", .show = API_ALWAYS},
};
static const struct api_table ulimit =
    API_TABLE(swarm__container_spec__ulimit, ulimit_rows);

static const struct api_name isolations[] = {
    {"default", SWARM__CONTAINER_SPEC__ISOLATION__ISOLATION_DEFAULT},
    {"process", SWARM__CONTAINER_SPEC__ISOLATION__ISOLATION_PROCESS},
    {"hyperv", SWARM__CONTAINER_SPEC__ISOLATION__ISOLATION_HYPERV},
};
static const struct api_names isolation_names = API_NAMES("Isolation", isolations);

static const struct api_field container_rows[] = {
    {.name = "Image", .proto = "image"},
    {.name = "Labels", .proto = "labels"},
    {.name = "Command", .proto = "command"},
    {.name = "Args", .proto = "args"},
    {.name = "Hostname", .proto = "hostname"},
    {.name = "Env", .proto = "env"},
    {.name = "Dir", .proto = "dir"},
    {.name = "User", .proto = "user"},
    {.name = "Groups", .proto = "groups"},
    {.name = "Privileges", .proto = "privileges", .table = &api_table_privileges},
    {.name = "Init", .proto = "init"},
    {.name = "StopSignal", .proto = "stop_signal"},
    {.name = "TTY", .proto = "tty"},
    {.name = "OpenStdin", .proto = "open_stdin"},
    {.name = "ReadOnly", .proto = "read_only"},
    {.name = "Mounts", .proto = "mounts", .table = &api_table_mount},
    {.name = "StopGracePeriod", .proto = "stop_grace_period"},
    {.name = "Healthcheck", .proto = "healthcheck", .table = &health},
    {.name = "Hosts", .proto = "hosts"},
    {.name = "DNSConfig", .proto = "dns_config", .table = &dns},
    {.name = "Secrets", .proto = "secrets", .table = &secret},
    {.name = "Configs", .proto = "configs", .table = &config},
    {.name = "Isolation",
     .proto = "isolation",
     .show = API_ALWAYS,
     .names = &isolation_names},
    {.name = "Sysctls", .proto = "sysctls"},
    {.name = "CapabilityAdd", .proto = "capability_add"},
    {.name = "CapabilityDrop", .proto = "capability_drop"},
    {.name = "Ulimits", .proto = "ulimits", .table = &ulimit},
    {.name = "OomScoreAdj", .proto = "oom_score_adj"},
};
const struct api_table api_table_container_spec =
    API_TABLE(swarm__container_spec, container_rows);
