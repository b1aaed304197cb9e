/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tables.h"

static const struct api_field version_rows[] = {
    {.name = "Index", .proto = "index"},
};
const struct api_table api_table_version = API_TABLE(swarm__version, version_rows);

static const struct api_field meta_rows[] = {
    {.name = "Version",
     .proto = "version",
     .show = API_ALWAYS,
     .table = &api_table_version},
    {.name = "CreatedAt", .proto = "created_at", .show = API_ALWAYS},
    {.name = "UpdatedAt", .proto = "updated_at", .show = API_ALWAYS},
};
const struct api_table api_table_meta = API_TABLE(swarm__meta, meta_rows);

static const struct api_field annotations_rows[] = {
    {.name = "Name", .proto = "name"},
    {.name = "Labels", .proto = "labels", .show = API_ALWAYS},
};
const struct api_table api_table_annotations =
    API_TABLE(swarm__annotations, annotations_rows);

static const struct api_field driver_rows[] = {
    {.name = "Name", .proto = "name"},
    {.name = "Options", .proto = "options"},
};
const struct api_table api_table_driver = API_TABLE(swarm__driver, driver_rows);

static const struct api_field platform_rows[] = {
    {.name = "Architecture", .proto = "architecture"},
    {.name = "OS", .proto = "os"},
};
const struct api_table api_table_platform = API_TABLE(swarm__platform, platform_rows);

/* ---- resources ---- */

static const struct api_field named_rows[] = {
    {.name = "Kind", .proto = "kind"},
    {.name = "Value", .proto = "value"},
};
static const struct api_table named =
    API_TABLE(swarm__named_generic_resource, named_rows);

static const struct api_field discrete_rows[] = {
    {.name = "Kind", .proto = "kind"},
    {.name = "Value", .proto = "value"},
};
static const struct api_table discrete =
    API_TABLE(swarm__discrete_generic_resource, discrete_rows);

static const struct api_field generic_rows[] = {
    {.name = "NamedResourceSpec", .proto = "named_resource_spec", .table = &named},
    {.name = "DiscreteResourceSpec",
     .proto = "discrete_resource_spec",
     .table = &discrete},
};
static const struct api_table generic = API_TABLE(swarm__generic_resource, generic_rows);

static const struct api_field resources_rows[] = {
    {.name = "NanoCPUs", .proto = "nano_cpus"},
    {.name = "MemoryBytes", .proto = "memory_bytes"},
    {.name = "GenericResources", .proto = "generic", .table = &generic},
};
const struct api_table api_table_resources = API_TABLE(swarm__resources, resources_rows);

/* ---- ports ---- */

static const struct api_name protocols[] = {
    {"tcp", SWARM__PORT_CONFIG__PROTOCOL__TCP},
    {"udp", SWARM__PORT_CONFIG__PROTOCOL__UDP},
    {"sctp", SWARM__PORT_CONFIG__PROTOCOL__SCTP},
};
static const struct api_names protocol_names = API_NAMES("protocol", protocols);

static const struct api_name publish_modes[] = {
    {"ingress", SWARM__PORT_CONFIG__PUBLISH_MODE__INGRESS},
    {"host", SWARM__PORT_CONFIG__PUBLISH_MODE__HOST},
};
static const struct api_names publish_mode_names =
    API_NAMES("publish mode", publish_modes);

static const struct api_field port_rows[] = {
    {.name = "Name", .proto = "name"},
    {.name = "Protocol",
     .proto = "protocol",
     .show = API_ALWAYS,
     .names = &protocol_names},
    {.name = "TargetPort", .proto = "target_port"},
    {.name = "PublishedPort", .proto = "published_port"},
    {.name = "PublishMode",
     .proto = "publish_mode",
     .show = API_ALWAYS,
     .names = &publish_mode_names},
};
const struct api_table api_table_port = API_TABLE(swarm__port_config, port_rows);

static const struct api_name endpoint_modes[] = {
    {"vip", SWARM__ENDPOINT_SPEC__RESOLUTION_MODE__VIP},
    {"dnsrr", SWARM__ENDPOINT_SPEC__RESOLUTION_MODE__DNSRR},
};
static const struct api_names endpoint_mode_names =
    API_NAMES("endpoint mode", endpoint_modes);

static const struct api_field endpoint_spec_rows[] = {
    {.name = "Mode", .proto = "mode", .show = API_ALWAYS, .names = &endpoint_mode_names},
    {.name = "Ports", .proto = "ports", .table = &api_table_port},
};
const struct api_table api_table_endpoint_spec =
    API_TABLE(swarm__endpoint_spec, endpoint_spec_rows);

/* ---- words that several tables use ---- */

static const struct api_name roles[] = {
    {"worker", SWARM__NODE_ROLE__WORKER},
    {"manager", SWARM__NODE_ROLE__MANAGER},
};
const struct api_names api_names_role = API_NAMES("Role", roles);
