/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of the swarm for users of this node (grant/grant.h). */
#include "cluster/secret_payload.h"
#include "daemon/backend_private.h"

static int find_cluster(struct backend *b, struct cluster **out, struct err *e)
{
    int r = node_backend_cluster(b, out, NULL);
    return r ? err_set(e, ERR_UNAVAILABLE,
                       "this node isn't a manager: only managers have the swarm's "
                       "secrets for users")
             : 0;
}

static int view(void *user, const struct store_view **out, struct err *e)
{
    struct cluster *c;
    int r = find_cluster(user, &c, e);
    if (!r)
        *out = store_view(cluster_store(c));
    return r;
}

static int open_payload(void *user, const char *secret_id, ProtobufCBinaryData *data,
                        struct err *e)
{
    struct cluster *c;
    int r = find_cluster(user, &c, e);
    return r ?: secret_payload_open(cluster_keys(c), secret_id, data, e);
}

struct grant_source node_backend_grants(struct backend *b)
{
    return (struct grant_source){.view = view, .open = open_payload, .user = b};
}
