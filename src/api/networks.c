/* SPDX-License-Identifier: Apache-2.0 */
/* Networks are the engine's, as long as there are none that span nodes. What asks for the
 * swarm's is answered here, so that a network of the engine's isn't taken for one. */
#include "api/handlers.h"

/* That services may name a network that every node has is told as dockerd does: it is one
 * of the swarm's, too. */
static void encode(const char *name, struct api_json_out *w)
{
    api_json_open(w, '{');
    api_json_member(w, "Name", name);
    api_json_member(w, "Id", name);
    api_json_member(w, "Scope", "swarm");
    api_json_member(w, "Driver", network_driver(name));
    api_json_key(w, "Labels");
    api_json_open(w, '{');
    api_json_member(w, "com.docker.swarm.predefined", "true");
    api_json_close(w, '}');
    api_json_close(w, '}');
}

/* GET /networks/X?scope=swarm */
void api_networks_inspect(struct api_request *q)
{
    struct err e = {0};
    struct api_json_out w;
    cleanup_buf struct buf text = BUF_INIT;
    if (!network_driver(q->id)) {
        err_set(&e, ERR_NOT_FOUND, "network %s not found", q->id);
        api_request_error(q, &e);
        return;
    }
    api_json_begin(&w, &text);
    encode(q->id, &w);
    api_request_json(q, 200, &w);
}
