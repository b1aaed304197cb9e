/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/offer.h"

#include "base/str.h"

bool offer_is_ours(const char *runtime)
{
    return str_equal(runtime, OFFER_NAME) ||
           (runtime && str_ends_with(runtime, "/coffer-runtime"));
}

enum offer offer_of_engine(const json_t *info)
{
    const json_t *usual = json_object_get(info, "DefaultRuntime");
    /* Podman doesn't listen to what a container asks for. */
    bool is_podman = json_object_get(info, "BuildahVersion") != NULL;
    if (offer_is_ours(json_string_value(usual)))
        return OFFER_USUAL;
    if (!is_podman && json_object_get(json_object_get(info, "Runtimes"), OFFER_NAME))
        return OFFER_NAMED;
    return OFFER_NONE;
}

int offer_refuse(struct err *e)
{
    return err_set(
        e, ERR_FAILED_PRECONDITION,
        "references to secrets need coffer-runtime, which this engine hasn't got: for "
        "dockerd, add {\"runtimes\": {\"" OFFER_NAME "\": {\"path\": "
        "\"/usr/libexec/coffer/coffer-runtime\"}}} to /etc/docker/daemon.json; for "
        "Podman, name it as [engine] runtime in containers.conf; then restart the "
        "engine");
}
