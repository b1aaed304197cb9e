/* SPDX-License-Identifier: Apache-2.0 */
/* Networks are the engine's, as long as there are none that span nodes. What asks for the
 * swarm's is answered here, so that a network of the engine's isn't taken for one. */
#include "api/handlers.h"

/* GET /networks/X?scope=swarm: nothing to be found yet. */
void api_networks_inspect(struct api_request *q)
{
    struct err e = {0};
    err_set(&e, ERR_NOT_FOUND, "network %s not found", q->id);
    api_request_error(q, &e);
}
