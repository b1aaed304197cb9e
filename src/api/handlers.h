/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/request.h"

/* What the router (router.c) calls, by the file it is in. Each ends its request. */

void api_ping(struct api_request *q);
void api_version(struct api_request *q);
void api_info(struct api_request *q);

void api_swarm_init(struct api_request *q);
void api_swarm_inspect(struct api_request *q);
void api_swarm_update(struct api_request *q);
void api_swarm_leave(struct api_request *q);
void api_swarm_join(struct api_request *q);
void api_swarm_unlock(struct api_request *q);
void api_swarm_unlock_key(struct api_request *q);

/* Writes the members of a cluster, without the join tokens, into an open object. */
void api_swarm_encode(struct api *a, const struct store_view *v, struct api_json_out *w);

void api_nodes_list(struct api_request *q);
void api_nodes_inspect(struct api_request *q);
void api_nodes_update(struct api_request *q);
void api_nodes_remove(struct api_request *q);

void api_secrets_list(struct api_request *q);
void api_secrets_inspect(struct api_request *q);
void api_secrets_create(struct api_request *q);
void api_secrets_update(struct api_request *q);
void api_secrets_remove(struct api_request *q);

void api_configs_list(struct api_request *q);
void api_configs_inspect(struct api_request *q);
void api_configs_create(struct api_request *q);
void api_configs_update(struct api_request *q);
void api_configs_remove(struct api_request *q);

void api_services_list(struct api_request *q);
void api_services_inspect(struct api_request *q);
void api_services_create(struct api_request *q);
void api_services_update(struct api_request *q);
void api_services_remove(struct api_request *q);
void api_services_logs(struct api_request *q);

/* Makes a copy of a service that shows the defaults which hold where its specification is
 * silent (services_defaults.c). */
int api_services_with_defaults(const struct object *o, struct object **out) MUST_CHECK;

/* Writes how many tasks a service wants and has (services_status.c). */
int api_services_status(const struct store_view *v, const Swarm__Service *s,
                        struct api_json_out *w) MUST_CHECK;

/* A name for a service that was given none (services_name.c). */
int api_services_draw_name(const struct store_view *v, char **name) MUST_CHECK;

void api_tasks_list(struct api_request *q);
void api_tasks_inspect(struct api_request *q);
void api_tasks_logs(struct api_request *q);

void api_events(struct api_request *q);

void api_networks_inspect(struct api_request *q);

void api_distribution(struct api_request *q);

/* Requests that are looked at or changed before they are passed through (rewrite.c): the
 * body is the exchange's, collected. They end the exchange, there is no api_request. */
void api_rewrite_container_create(struct api *a, struct http_exchange *x,
                                  const struct buf *body);
void api_rewrite_exec(struct api *a, struct http_exchange *x, const struct buf *body);
/* The body is not read. */
void api_rewrite_attach(struct api *a, struct http_exchange *x, const struct buf *body);
void api_rewrite_start(struct api *a, struct http_exchange *x, const struct buf *body);

/* A container's creation without references: completed, and passed on. */
void api_rewrite_pass_container(struct api *a, struct http_exchange *x, json_t *body);
void api_rewrite_network_member(struct api *a, struct http_exchange *x,
                                const struct buf *body);
void api_rewrite_network_create(struct api *a, struct http_exchange *x,
                                const struct buf *body);
void api_rewrite_commit(struct api *a, struct http_exchange *x, const struct buf *body);
void api_wait_for_removal(struct api *a, struct http_exchange *x, const struct buf *body);

/* Passes an exchange through, with its own body or the one given (passthrough.c). */
void api_passthrough(struct api *a, struct http_exchange *x);
void api_passthrough_body(struct api *a, struct http_exchange *x, const void *body,
                          size_t n);
