/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/table.h"

/* The tables of Docker's types. What users send is read with the *_spec ones. */

#define API_TABLE(message, rows)                                                         \
    {                                                                                    \
        &message##__descriptor, ARRAY_SIZE(rows), rows                                   \
    }

#define API_NAMES(what, list)                                                            \
    {                                                                                    \
        what, ARRAY_SIZE(list), list                                                     \
    }

/* tables_common.c */
extern const struct api_table api_table_version;
extern const struct api_table api_table_meta;        /* inline: Version, CreatedAt, ... */
extern const struct api_table api_table_annotations; /* inline: Name, Labels */
extern const struct api_table api_table_driver;
extern const struct api_table api_table_platform;
extern const struct api_table api_table_resources;
extern const struct api_table api_table_port;
extern const struct api_table api_table_endpoint_spec;
extern const struct api_names api_names_role;

/* tables_secret.c; the data of a secret is read and never written */
extern const struct api_table api_table_secret_spec;
extern const struct api_table api_table_secret;
extern const struct api_table api_table_config_spec;
extern const struct api_table api_table_config;

/* tables_node.c */
extern const struct api_table api_table_node_spec;
extern const struct api_table api_table_node;
extern const struct api_names api_names_membership;
extern const struct api_names api_names_node_state;
extern const struct api_names api_names_availability;
extern const struct api_names api_names_reachability;

/* tables_cluster.c */
extern const struct api_table api_table_cluster_spec;
extern const struct api_table api_table_cluster_head; /* ID to Spec */

/* tables_container.c, tables_mount.c, tables_privileges.c */
extern const struct api_table api_table_container_spec;
extern const struct api_table api_table_mount;
extern const struct api_table api_table_privileges;

/* tables_task.c */
extern const struct api_table api_table_network_attachment_config;
extern const struct api_table api_table_task_template; /* as a service has it */
extern const struct api_table api_table_task;

/* tables_service.c */
extern const struct api_table api_table_service_spec;
extern const struct api_table api_table_service_head; /* ID to UpdateStatus */
extern const struct api_table api_table_service_tail; /* JobStatus */
extern const struct api_names api_names_update_state;

/* tables_network.c */
extern const struct api_table api_table_network;
