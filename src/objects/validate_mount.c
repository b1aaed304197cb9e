/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts. What the engine of a node would refuse for its form alone is refused here
 * already, with the same words: a service that can be created but never runs helps
 * nobody.
 */
#include "base/str.h"
#include "objects/validate.h"

static bool is_absolute(const char *path)
{
    return path && path[0] == '/';
}

static int source_validate(const Swarm__Mount *mount, struct err *e)
{
    switch (mount->type) {
    case SWARM__MOUNT__TYPE__BIND:
        if (!is_absolute(mount->source))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "invalid bind mount source, must be an absolute path: %s",
                           mount->source);
        return 0;
    case SWARM__MOUNT__TYPE__VOLUME:
        if (is_absolute(mount->source))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "invalid volume mount source, must not be an absolute path: "
                           "%s",
                           mount->source);
        return 0;
    case SWARM__MOUNT__TYPE__TMPFS:
        if (!str_is_empty(mount->source))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "invalid tmpfs source, source must be empty");
        return 0;
    case SWARM__MOUNT__TYPE__NPIPE:
        return refuse(e, "a named pipe (--mount type=npipe)",
                      "it is for Windows containers");
    case SWARM__MOUNT__TYPE__CLUSTER:
        return refuse(e, "a cluster volume (--mount type=cluster)", "use type=volume");
    default:
        return err_set(e, ERR_INVALID_ARGUMENT, "invalid mount type: %d",
                       (int)mount->type);
    }
}

static int mount_validate(const Swarm__Mount *mount, struct err *e)
{
    if (has_template(mount->source) || has_template(mount->target))
        return refuse(e, "a template in a mount (--mount)",
                      "give the final text, without {{");
    if (!is_absolute(mount->target))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "invalid mount target, must be an absolute path: %s",
                       mount->target);
    if (mount->volume_options && !str_is_empty(mount->volume_options->subpath))
        return refuse(e, "a part of a volume (--mount volume-subpath)",
                      "mount the whole volume");
    return source_validate(mount, e);
}

static bool target_is_taken(const Swarm__ContainerSpec *container, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (str_equal(container->mounts[i]->target, container->mounts[index]->target))
            return true;
    return false;
}

int mounts_validate(const Swarm__ContainerSpec *container, struct err *e)
{
    if (container->n_mounts > CONTAINER_MOUNTS_LIMIT)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "ContainerSpec: there must not be more than %d mounts",
                       CONTAINER_MOUNTS_LIMIT);
    for (size_t i = 0; i < container->n_mounts; i++) {
        if (target_is_taken(container, i))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "ContainerSpec: duplicate mount point: %s",
                           container->mounts[i]->target);
        int r = mount_validate(container->mounts[i], e);
        if (r)
            return r;
    }
    return 0;
}
