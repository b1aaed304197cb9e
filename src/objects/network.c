/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "objects/validate.h"

const char *network_driver(const char *name)
{
    if (str_equal(name, "none"))
        return "null";
    return str_equal(name, "bridge") ? "bridge" : str_equal(name, "host") ? "host" : NULL;
}

int networks_validate(size_t n, Swarm__NetworkAttachmentConfig *const *networks,
                      struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        if (!network_driver(networks[i]->target))
            return err_set(e, ERR_UNIMPLEMENTED,
                           "network %s: networks that span nodes are not supported yet: "
                           "a service can use the node's own, host, bridge or none",
                           networks[i]->target);
        if (networks[i]->n_driver_attachment_opts)
            return refuse(e, "an option for the driver of a network",
                          "name the network alone");
    }
    if (n > 1)
        return refuse(e, "a service in more than one network", "name one");
    return 0;
}
