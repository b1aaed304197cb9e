/* SPDX-License-Identifier: Apache-2.0 */
/* Names, labels and sizes: what all kinds of objects share. */
#include <string.h>

#include "base/str.h"
#include "objects/validate.h"

#define SECRET_NAME_LIMIT 64
#define SERVICE_NAME_LIMIT 63

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Names are ASCII letters and digits at both ends, and these or one of `inner` between.
 */
static bool name_matches(const char *name, const char *inner)
{
    size_t n = strlen(name);
    if (!n || !is_alphanumeric(name[0]) || !is_alphanumeric(name[n - 1]))
        return false;
    for (const char *c = name; *c; c++)
        if (!is_alphanumeric(*c) && !strchr(inner, *c))
            return false;
    return true;
}

int secret_name_validate(const char *name, struct err *e)
{
    if (str_is_empty(name))
        return err_set(e, ERR_INVALID_ARGUMENT, "name must be provided");
    if (strlen(name) > SECRET_NAME_LIMIT || !name_matches(name, "-_."))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the "
                       "start and end character must be [a-zA-Z0-9]");
    return 0;
}

int service_name_validate(const char *name, struct err *e)
{
    if (str_is_empty(name))
        return err_set(e, ERR_INVALID_ARGUMENT, "meta: name must be provided");
    if (!name_matches(name, "-_"))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "name must be valid as a DNS name component");
    if (strlen(name) > SERVICE_NAME_LIMIT)
        return err_set(e, ERR_INVALID_ARGUMENT, "name must be 63 characters or fewer");
    return 0;
}

int spec_size_validate(const ProtobufCMessage *spec, size_t limit, const char *what,
                       struct err *e)
{
    size_t n = protobuf_c_message_get_packed_size(spec);
    if (n > limit)
        return err_set(e, ERR_INVALID_ARGUMENT, "%s must not be larger than %zu bytes",
                       what, limit);
    return 0;
}

int annotations_validate(const Swarm__Annotations *annotations, struct err *e)
{
    if (!annotations)
        return 0;
    if (annotations->n_labels > LABELS_LIMIT)
        return err_set(e, ERR_INVALID_ARGUMENT, "there must not be more than %d labels",
                       LABELS_LIMIT);
    return spec_size_validate(&annotations->base, ANNOTATIONS_SIZE_LIMIT,
                              "name and labels", e);
}

int refuse(struct err *e, const char *what, const char *instead)
{
    return err_set(e, ERR_UNIMPLEMENTED, "%s is not supported yet: %s", what, instead);
}

bool has_template(const char *text)
{
    return text && strstr(text, "{{");
}
