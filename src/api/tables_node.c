/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tables.h"

static const struct api_name availabilities[] = {
    {"active", SWARM__NODE_SPEC__AVAILABILITY__ACTIVE},
    {"pause", SWARM__NODE_SPEC__AVAILABILITY__PAUSE},
    {"drain", SWARM__NODE_SPEC__AVAILABILITY__DRAIN},
};
const struct api_names api_names_availability = API_NAMES("Availability", availabilities);

static const struct api_name memberships[] = {
    {"pending", SWARM__NODE_SPEC__MEMBERSHIP__PENDING},
    {"accepted", SWARM__NODE_SPEC__MEMBERSHIP__ACCEPTED},
};
const struct api_names api_names_membership = API_NAMES("membership", memberships);

static const struct api_name states[] = {
    {"unknown", SWARM__NODE_STATUS__STATE__UNKNOWN},
    {"down", SWARM__NODE_STATUS__STATE__DOWN},
    {"ready", SWARM__NODE_STATUS__STATE__READY},
    {"disconnected", SWARM__NODE_STATUS__STATE__DISCONNECTED},
};
const struct api_names api_names_node_state = API_NAMES("state", states);

static const struct api_name reachabilities[] = {
    {"unknown", SWARM__RAFT_MEMBER_STATUS__REACHABILITY__UNKNOWN},
    {"unreachable", SWARM__RAFT_MEMBER_STATUS__REACHABILITY__UNREACHABLE},
    {"reachable", SWARM__RAFT_MEMBER_STATUS__REACHABILITY__REACHABLE},
};
const struct api_names api_names_reachability = API_NAMES("reachability", reachabilities);

static const struct api_field node_spec_rows[] = {
    {.proto = "annotations", .flags = API_INLINE, .table = &api_table_annotations},
    {.name = "Role",
     .proto = "desired_role",
     .show = API_ALWAYS,
     .flags = API_REQUIRED,
     .names = &api_names_role},
    {.name = "Availability",
     .proto = "availability",
     .show = API_ALWAYS,
     .flags = API_REQUIRED,
     .names = &api_names_availability},
};
const struct api_table api_table_node_spec = API_TABLE(swarm__node_spec, node_spec_rows);

static const struct api_field plugin_rows[] = {
    {.name = "Type", .proto = "type"},
    {.name = "Name", .proto = "name"},
};
static const struct api_table plugin = API_TABLE(swarm__plugin_description, plugin_rows);

static const struct api_field engine_rows[] = {
    {.name = "EngineVersion", .proto = "engine_version"},
    {.name = "Labels", .proto = "labels"},
    {.name = "Plugins", .proto = "plugins", .table = &plugin},
};
static const struct api_table engine = API_TABLE(swarm__engine_description, engine_rows);

static const struct api_field tls_rows[] = {
    {.name = "TrustRoot", .proto = "trust_root", .flags = API_TEXT},
    {.name = "CertIssuerSubject", .proto = "cert_issuer_subject"},
    {.name = "CertIssuerPublicKey", .proto = "cert_issuer_public_key"},
};
static const struct api_table tls = API_TABLE(swarm__node_tlsinfo, tls_rows);

static const struct api_field description_rows[] = {
    {.name = "Hostname", .proto = "hostname"},
    {.name = "Platform",
     .proto = "platform",
     .show = API_ALWAYS,
     .table = &api_table_platform},
    {.name = "Resources",
     .proto = "resources",
     .show = API_ALWAYS,
     .table = &api_table_resources},
    {.name = "Engine", .proto = "engine", .show = API_ALWAYS, .table = &engine},
    {.name = "TLSInfo", .proto = "tls_info", .show = API_ALWAYS, .table = &tls},
};
static const struct api_table description =
    API_TABLE(swarm__node_description, description_rows);

static const struct api_field status_rows[] = {
    {.name = "State",
     .proto = "state",
     .show = API_ALWAYS,
     .names = &api_names_node_state},
    {.name = "Message", .proto = "message"},
    {.name = "Addr", .proto = "addr"},
};
static const struct api_table status = API_TABLE(swarm__node_status, status_rows);

static const struct api_field manager_rows[] = {
    {.name = "Leader", .proto = "leader"},
    {.name = "Reachability",
     .proto = "reachability",
     .show = API_ALWAYS,
     .names = &api_names_reachability},
    {.name = "Addr", .proto = "addr"},
};
static const struct api_table manager = API_TABLE(swarm__manager_status, manager_rows);

static const struct api_field node_rows[] = {
    {.name = "ID", .proto = "id"},
    {.proto = "meta", .flags = API_INLINE, .table = &api_table_meta},
    {.name = "Spec", .proto = "spec", .show = API_ALWAYS, .table = &api_table_node_spec},
    {.name = "Description",
     .proto = "description",
     .show = API_ALWAYS,
     .table = &description},
    {.name = "Status", .proto = "status", .show = API_ALWAYS, .table = &status},
    {.name = "ManagerStatus", .proto = "manager_status", .table = &manager},
};
const struct api_table api_table_node = API_TABLE(swarm__node, node_rows);
