/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "net/rpc.h"

/* Private to this folder: what a channel looks up in a server. */
struct rpc_registration {
    const struct rpc_service *service;
    void *user;
};

/* NULL for a method that nobody serves. */
const struct rpc_registration *rpc_server_find(const struct rpc_server *server,
                                               const char *path);
