/* SPDX-License-Identifier: Apache-2.0 */
#include "net/rpc_server.h"

#include <assert.h>
#include <stdlib.h>

#include "base/map.h"

struct rpc_server {
    struct map services; /* by the method's path */
};

struct rpc_server *rpc_server_new(void)
{
    return calloc(1, sizeof(struct rpc_server));
}

void rpc_server_free(struct rpc_server *server)
{
    if (!server)
        return;
    for (size_t i = 0; i < server->services.len; i++)
        free(server->services.entries[i].value);
    map_deinit(&server->services);
    free(server);
}

int rpc_server_add(struct rpc_server *server, const struct rpc_service *service,
                   void *user)
{
    struct rpc_registration *r = malloc(sizeof(*r));
    if (!r)
        return ERR_NO_MEMORY;
    *r = (struct rpc_registration){.service = service, .user = user};
    assert(!map_get(&server->services, service->method->path));
    int code = map_put(&server->services, service->method->path, r, NULL);
    if (code)
        free(r);
    return code;
}

const struct rpc_registration *rpc_server_find(const struct rpc_server *server,
                                               const char *path)
{
    return map_get(&server->services, path);
}
