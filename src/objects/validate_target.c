/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the secrets and configs of a container lie: at absolute paths, whichever way they
 * were written, so that none takes the place of another, and no mount that of one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "objects/validate.h"

struct target {
    const char *kind, *name; /* of the reference */
    const char *written;
    char *path;
};

struct targets {
    size_t n;
    struct target *items;
};

const char *target_place(const char *path)
{
    return path_is_within(path, "/var/run/secrets") ? path + strlen("/var") : path;
}

static void targets_deinit(void *p)
{
    struct targets *t = p;
    for (size_t i = 0; i < t->n; i++)
        free(t->items[i].path);
    free(t->items);
}

static int targets_add(struct targets *t, const char *kind, const char *name,
                       const Swarm__FileTarget *file, const char *folder)
{
    char *path = str_format("%s%s", file->name[0] == '/' ? "" : folder, file->name);
    if (!path)
        return ERR_NO_MEMORY;
    t->items[t->n++] = (struct target){kind, name, file->name, path};
    return 0;
}

static int targets_fill(struct targets *t, const Swarm__ContainerSpec *container)
{
    size_t n = container->n_secrets + container->n_configs;
    int r = 0;
    t->items = calloc(n ? n : 1, sizeof(*t->items));
    if (!t->items)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < container->n_secrets && !r; i++) {
        const Swarm__SecretReference *ref = container->secrets[i];
        r = targets_add(t, "secret", ref->secret_name, ref->file, "/run/secrets/");
    }
    for (size_t i = 0; i < container->n_configs && !r; i++) {
        const Swarm__ConfigReference *ref = container->configs[i];
        r = targets_add(t, "config", ref->config_name, ref->file, "/");
    }
    return r;
}

static int conflict(const struct target *a, const struct target *b, struct err *e)
{
    if (str_equal(a->kind, b->kind))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "%s references '%s' and '%s' have a conflicting target: '%s'",
                       a->kind, a->name, b->name, b->written);
    return err_set(e, ERR_INVALID_ARGUMENT,
                   "%s reference '%s' and %s reference '%s' have a conflicting target: "
                   "'%s'",
                   a->kind, a->name, b->kind, b->name, b->written);
}

/* They are files: none lies below another. */
static int check_among_themselves(const struct targets *t, struct err *e)
{
    for (size_t i = 0; i < t->n; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct target *a = &t->items[k], *b = &t->items[i];
            const char *at = target_place(a->path), *bt = target_place(b->path);
            if (path_is_within(at, bt) || path_is_within(bt, at))
                return conflict(a, b, e);
        }
    }
    return 0;
}

static int check_mount(const struct targets *t, const Swarm__Mount *mount, struct err *e)
{
    cleanup_free char *path = path_clean(mount->target);
    if (!path)
        return err_no_memory(e);
    for (size_t i = 0; i < t->n; i++) {
        if (path_is_within(target_place(path), target_place(t->items[i].path)))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "ContainerSpec: duplicate mount point: %s", mount->target);
    }
    return 0;
}

int targets_validate(const Swarm__ContainerSpec *container, struct err *e)
{
    CLEANUP(targets_deinit) struct targets targets = {0};
    if (targets_fill(&targets, container))
        return err_no_memory(e);
    int r = check_among_themselves(&targets, e);
    for (size_t i = 0; i < container->n_mounts && !r; i++)
        r = check_mount(&targets, container->mounts[i], e);
    return r;
}
