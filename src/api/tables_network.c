/* SPDX-License-Identifier: Apache-2.0 */
/* Networks as a task's attachments show them; they are only written. */
#include "api/tables.h"
#include "base/str.h"

static const struct api_field ipam_config_rows[] = {
    {.name = "Subnet", .proto = "subnet"},
    {.name = "Range", .proto = "range"},
    {.name = "Gateway", .proto = "gateway"},
};
static const struct api_table ipam_config =
    API_TABLE(swarm__ipamconfig, ipam_config_rows);

static const struct api_field ipam_rows[] = {
    {.name = "Driver", .proto = "driver", .show = API_ALWAYS, .table = &api_table_driver},
    {.name = "Configs", .proto = "configs", .table = &ipam_config},
};
static const struct api_table ipam = API_TABLE(swarm__ipamoptions, ipam_rows);

static void encode_config_from(const ProtobufCMessage *m, const char *name,
                               struct api_json_out *w)
{
    const Swarm__NetworkSpec *spec = (const Swarm__NetworkSpec *)m;
    if (spec->config_from_case != SWARM__NETWORK_SPEC__CONFIG_FROM_NETWORK ||
        str_is_empty(spec->network))
        return;
    api_json_key(w, name);
    api_json_open(w, '{');
    api_json_member(w, "Network", spec->network);
    api_json_close(w, '}');
}

static void encode_scope(const ProtobufCMessage *m, const char *name,
                         struct api_json_out *w)
{
    api_json_member(w, name, "swarm");
}

static const struct api_custom config_from = {NULL, encode_config_from};
static const struct api_custom scope = {NULL, encode_scope};

static const struct api_field spec_rows[] = {
    {.proto = "annotations", .flags = API_INLINE, .table = &api_table_annotations},
    {.name = "DriverConfiguration",
     .proto = "driver_config",
     .show = API_ALWAYS,
     .table = &api_table_driver},
    {.name = "IPv6Enabled", .proto = "ipv6_enabled"},
    {.name = "Internal", .proto = "internal"},
    {.name = "Attachable", .proto = "attachable"},
    {.name = "Ingress", .proto = "ingress"},
    {.name = "IPAMOptions", .proto = "ipam", .show = API_ALWAYS, .table = &ipam},
    {.name = "ConfigFrom", .custom = &config_from},
    {.name = "Scope", .custom = &scope},
};
static const struct api_table spec = API_TABLE(swarm__network_spec, spec_rows);

static const struct api_field network_rows[] = {
    {.name = "ID", .proto = "id"},
    {.proto = "meta", .flags = API_INLINE, .table = &api_table_meta},
    {.name = "Spec", .proto = "spec", .show = API_ALWAYS, .table = &spec},
    {.name = "DriverState", .proto = "driver_state", .table = &api_table_driver},
    {.name = "IPAMOptions", .proto = "ipam", .table = &ipam},
};
const struct api_table api_table_network = API_TABLE(swarm__network, network_rows);
