/* SPDX-License-Identifier: Apache-2.0 */
/* Specs of secrets and configs. No text here ever holds data. */
#include "base/str.h"
#include "objects/validate.h"

static const char *name_of(const Swarm__Annotations *annotations)
{
    return annotations ? annotations->name : "";
}

static int drivers_validate(const Swarm__Driver *driver, const Swarm__Driver *templating,
                            struct err *e)
{
    if (driver && str_is_empty(driver->name))
        return err_set(e, ERR_INVALID_ARGUMENT, "secret driver must have a name");
    if (driver)
        return refuse(e, "a secret driver (--driver)",
                      "give the value itself, or use an se:// reference");
    if (templating)
        return refuse(e, "a template driver (--template-driver)",
                      "create it from the final text");
    return 0;
}

static int data_validate(const ProtobufCBinaryData *data, const char *kind, size_t limit,
                         struct err *e)
{
    if (!data->len || data->len >= limit)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "%s data must be larger than 0 and less than %zu bytes", kind,
                       limit);
    return 0;
}

int secret_spec_validate(const Swarm__SecretSpec *spec, struct err *e)
{
    int r = secret_name_validate(name_of(spec->annotations), e);
    if (!r)
        r = annotations_validate(spec->annotations, e);
    if (!r)
        r = drivers_validate(spec->driver, spec->templating, e);
    return r ? r : data_validate(&spec->data, "secret", SECRET_DATA_LIMIT, e);
}

int config_spec_validate(const Swarm__ConfigSpec *spec, struct err *e)
{
    int r = secret_name_validate(name_of(spec->annotations), e);
    if (!r)
        r = annotations_validate(spec->annotations, e);
    if (!r)
        r = drivers_validate(NULL, spec->templating, e);
    return r ? r : data_validate(&spec->data, "config", CONFIG_DATA_LIMIT, e);
}
