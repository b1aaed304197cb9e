/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tables.h"

static const struct api_field secret_spec_rows[] = {
    {.proto = "annotations", .flags = API_INLINE, .table = &api_table_annotations},
    {.name = "Data", .proto = "data", .show = API_NEVER},
    {.name = "Driver", .proto = "driver", .table = &api_table_driver},
    {.name = "Templating", .proto = "templating", .table = &api_table_driver},
};
const struct api_table api_table_secret_spec =
    API_TABLE(swarm__secret_spec, secret_spec_rows);

static const struct api_field secret_rows[] = {
    {.name = "ID", .proto = "id"},
    {.proto = "meta", .flags = API_INLINE, .table = &api_table_meta},
    {.name = "Spec",
     .proto = "spec",
     .show = API_ALWAYS,
     .table = &api_table_secret_spec},
};
const struct api_table api_table_secret = API_TABLE(swarm__secret, secret_rows);

static const struct api_field config_spec_rows[] = {
    {.proto = "annotations", .flags = API_INLINE, .table = &api_table_annotations},
    {.name = "Data", .proto = "data"},
    {.name = "Templating", .proto = "templating", .table = &api_table_driver},
};
const struct api_table api_table_config_spec =
    API_TABLE(swarm__config_spec, config_spec_rows);

static const struct api_field config_rows[] = {
    {.name = "ID", .proto = "id"},
    {.proto = "meta", .flags = API_INLINE, .table = &api_table_meta},
    {.name = "Spec",
     .proto = "spec",
     .show = API_ALWAYS,
     .table = &api_table_config_spec},
};
const struct api_table api_table_config = API_TABLE(swarm__config, config_rows);
