/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References of a service to secrets and configs. Both kinds have the same form; each is
 * read into a `struct reference` and checked once. Whether the object exists is for who
 * has a store, whether its file is in another's way for validate_target.c.
 *
 * The name of a target becomes a path on a node, below a folder of ours: it must not lead
 * out of it.
 */
#include <string.h>

#include "base/str.h"
#include "objects/objects.h"
#include "objects/validate.h"

#define TARGET_PART_LIMIT 255
#define TARGET_MODE_BITS 0777

struct reference {
    const char *id;
    const char *name;
    bool has_target;
    const Swarm__FileTarget *file; /* NULL for a target that is no file */
};

static struct reference secret_at(const Swarm__ContainerSpec *container, size_t i)
{
    const Swarm__SecretReference *r = container->secrets[i];
    bool is_file = r->target_case == SWARM__SECRET_REFERENCE__TARGET_FILE;
    return (struct reference){.id = r->secret_id,
                              .name = r->secret_name,
                              .has_target = is_file,
                              .file = is_file ? r->file : NULL};
}

static struct reference config_at(const Swarm__ContainerSpec *container, size_t i)
{
    const Swarm__ConfigReference *r = container->configs[i];
    bool is_file = r->target_case == SWARM__CONFIG_REFERENCE__TARGET_FILE;
    return (struct reference){.id = r->config_id,
                              .name = r->config_name,
                              .has_target = r->target_case !=
                                            SWARM__CONFIG_REFERENCE__TARGET__NOT_SET,
                              .file = is_file ? r->file : NULL};
}

static const struct kind {
    const char *name;
    struct reference (*at)(const Swarm__ContainerSpec *container, size_t i);
} secrets = {"secret", secret_at}, configs = {"config", config_at};

/* One part of a path: not empty, not a step to here or up. */
static bool part_is_valid(const char *part, size_t n)
{
    if (!n || n > TARGET_PART_LIMIT)
        return false;
    return !(n == 1 && part[0] == '.') && !(n == 2 && part[0] == '.' && part[1] == '.');
}

static bool path_is_valid(const char *path)
{
    if (strlen(path) >= TARGET_SIZE_LIMIT)
        return false;
    const char *part = path + (path[0] == '/');
    for (unsigned parts = 1; parts <= TARGET_PARTS_LIMIT; parts++) {
        size_t n = strcspn(part, "/");
        if (!part_is_valid(part, n))
            return false;
        if (!part[n])
            return true;
        part += n + 1;
    }
    return false;
}

static bool is_user_number(const char *text)
{
    uint64_t n;
    /* The highest number stands for "no user" with the kernel. */
    return str_to_u64(text, &n) && n < UINT32_MAX;
}

static int file_validate(const struct kind *kind, const struct reference *ref,
                         struct err *e)
{
    if (str_is_empty(ref->file->name) || !path_is_valid(ref->file->name))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "malformed file %s reference, invalid target file name provided",
                       kind->name);
    if (!is_user_number(ref->file->uid) || !is_user_number(ref->file->gid))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "malformed file %s reference, uid and gid of '%s' must be numbers",
                       kind->name, ref->name);
    if (ref->file->mode & ~(uint32_t)TARGET_MODE_BITS)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "malformed file %s reference, mode of '%s' must be between 0 and "
                       "0777",
                       kind->name, ref->name);
    return 0;
}

static int reference_validate(const struct kind *kind, const struct reference *ref,
                              struct err *e)
{
    if (str_is_empty(ref->id) || str_is_empty(ref->name))
        return err_set(e, ERR_INVALID_ARGUMENT, "malformed %s reference", kind->name);
    if (!ref->has_target)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "malformed %s reference, no target provided", kind->name);
    if (!ref->file)
        return refuse(e, "a config for the engine (runtime target)",
                      "give the config a file as its target");
    int r = file_validate(kind, ref, e);
    if (!r && kind == &secrets && secret_reference_is(ref->name))
        r = secret_reference_check(ref->name, e);
    return r;
}

static int kind_validate(const struct kind *kind, const Swarm__ContainerSpec *container,
                         size_t n, struct err *e)
{
    if (n > CONTAINER_REFERENCES_LIMIT)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "ContainerSpec: there must not be more than %d %s references",
                       CONTAINER_REFERENCES_LIMIT, kind->name);
    for (size_t i = 0; i < n; i++) {
        struct reference ref = kind->at(container, i);
        int r = reference_validate(kind, &ref, e);
        if (r)
            return r;
    }
    return 0;
}

int references_validate(const Swarm__ContainerSpec *container, struct err *e)
{
    int r = kind_validate(&secrets, container, container->n_secrets, e);
    return r ? r : kind_validate(&configs, container, container->n_configs, e);
}
