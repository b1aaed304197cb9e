/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tables.h"

static const struct api_name types[] = {
    {"bind", SWARM__MOUNT__TYPE__BIND},       {"volume", SWARM__MOUNT__TYPE__VOLUME},
    {"tmpfs", SWARM__MOUNT__TYPE__TMPFS},     {"npipe", SWARM__MOUNT__TYPE__NPIPE},
    {"cluster", SWARM__MOUNT__TYPE__CLUSTER},
};
static const struct api_names type_names = API_NAMES("MountType", types);

static const struct api_name consistencies[] = {
    {"default", SWARM__MOUNT__CONSISTENCY__DEFAULT},
    {"consistent", SWARM__MOUNT__CONSISTENCY__CONSISTENT},
    {"cached", SWARM__MOUNT__CONSISTENCY__CACHED},
    {"delegated", SWARM__MOUNT__CONSISTENCY__DELEGATED},
};
static const struct api_names consistency_names =
    API_NAMES("MountConsistency", consistencies);

static const struct api_name propagations[] = {
    {"rprivate", SWARM__MOUNT__BIND_OPTIONS__PROPAGATION__RPRIVATE},
    {"private", SWARM__MOUNT__BIND_OPTIONS__PROPAGATION__PRIVATE},
    {"rshared", SWARM__MOUNT__BIND_OPTIONS__PROPAGATION__RSHARED},
    {"shared", SWARM__MOUNT__BIND_OPTIONS__PROPAGATION__SHARED},
    {"rslave", SWARM__MOUNT__BIND_OPTIONS__PROPAGATION__RSLAVE},
    {"slave", SWARM__MOUNT__BIND_OPTIONS__PROPAGATION__SLAVE},
};
static const struct api_names propagation_names =
    API_NAMES("MountPropagation", propagations);

static const struct api_field bind_rows[] = {
    {.name = "Propagation",
     .proto = "propagation",
     .show = API_ALWAYS,
     .names = &propagation_names},
    {.name = "NonRecursive", .proto = "nonrecursive"},
    {.name = "CreateMountpoint", .proto = "createmountpoint"},
    {.name = "ReadOnlyNonRecursive", .proto = "readonlynonrecursive"},
    {.name = "ReadOnlyForceRecursive", .proto = "readonlyforcerecursive"},
};
static const struct api_table bind = API_TABLE(swarm__mount__bind_options, bind_rows);

static const struct api_field volume_rows[] = {
    {.name = "NoCopy", .proto = "nocopy"},
    {.name = "Labels", .proto = "labels"},
    {.name = "Subpath", .proto = "subpath"},
    {.name = "DriverConfig", .proto = "driver_config", .table = &api_table_driver},
};
static const struct api_table volume =
    API_TABLE(swarm__mount__volume_options, volume_rows);

static const struct api_field tmpfs_rows[] = {
    {.name = "SizeBytes", .proto = "size_bytes"},
    {.name = "Mode", .proto = "mode"},
    {.name = "Options", .flags = API_REFUSE},
};
static const struct api_table tmpfs = API_TABLE(swarm__mount__tmpfs_options, tmpfs_rows);

static const struct api_field mount_rows[] = {
    {.name = "Type", .proto = "type", .show = API_ALWAYS, .names = &type_names},
    {.name = "Source", .proto = "source"},
    {.name = "Target", .proto = "target"},
    {.name = "ReadOnly", .proto = "readonly"},
    {.name = "Consistency", .proto = "consistency", .names = &consistency_names},
    {.name = "BindOptions", .proto = "bind_options", .table = &bind},
    {.name = "VolumeOptions", .proto = "volume_options", .table = &volume},
    {.name = "ImageOptions", .flags = API_REFUSE},
    {.name = "TmpfsOptions", .proto = "tmpfs_options", .table = &tmpfs},
    {.name = "ClusterOptions", .flags = API_REFUSE},
};
const struct api_table api_table_mount = API_TABLE(swarm__mount, mount_rows);
