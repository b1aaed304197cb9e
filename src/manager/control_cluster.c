/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "manager/control_kinds.h"

int cluster_control_create(const struct control *c, Swarm__Cluster *new)
{
    const Swarm__Cluster *old = store_cluster(c->view);
    if (!old)
        return 0;
    return err_set(c->e, ERR_ALREADY_EXISTS, "cluster %s already exists",
                   old->spec->annotations->name);
}

static int set_token(const struct control *c, char **field, const char *token)
{
    return message_set_string(field, token) ? err_no_memory(c->e) : 0;
}

static int rotate_tokens(const struct control *c, Swarm__Cluster *cluster)
{
    Swarm__RootCA *ca = cluster->root_ca;
    if (!c->how->rotate_worker_token && !c->how->rotate_manager_token)
        return 0;
    if (!ca || !ca->join_tokens)
        return err_set(c->e, ERR_FAILED_PRECONDITION,
                       "the cluster has no join tokens to rotate");
    int r = 0;
    if (c->how->rotate_worker_token)
        r = set_token(c, &ca->join_tokens->worker, c->how->worker_token);
    if (!r && c->how->rotate_manager_token)
        r = set_token(c, &ca->join_tokens->manager, c->how->manager_token);
    return r;
}

int cluster_control_update(const struct control *c, Swarm__Cluster *copy,
                           ProtobufCMessage **spec)
{
    message_free(&copy->spec->base);
    copy->spec = (Swarm__ClusterSpec *)TAKE(*spec);
    return rotate_tokens(c, copy);
}
