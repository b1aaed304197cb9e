/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HostConfig.Mounts of a task: what its specification mounts, and the binds of its
 * secrets and configs.
 */
#include "engine/docker_create.h"

#include "base/str.h"
#include "engine/docker_json.h"

/* The API's words for the protocol's numbers. */
static const char *const propagations[] = {"rprivate", "private", "rshared",
                                           "shared",   "rslave",  "slave"};
static const char *const consistencies[] = {"", "consistent", "cached", "delegated"};
static const char *const types[] = {"bind", "volume", "tmpfs"};

static int put_bind_options(const Swarm__Mount__BindOptions *b, json_t *mount)
{
    if (!b)
        return 0;
    json_t *options = json_object();
    int r = docker_json_put(mount, "BindOptions", options);
    if ((size_t)b->propagation < ARRAY_SIZE(propagations))
        r = r
                ?: docker_json_put_text(options, "Propagation",
                                        propagations[b->propagation]);
    r = r ?: docker_json_put_true(options, "NonRecursive", b->nonrecursive);
    r = r ?: docker_json_put_true(options, "CreateMountpoint", b->createmountpoint);
    r = r
            ?: docker_json_put_true(options, "ReadOnlyNonRecursive",
                                    b->readonlynonrecursive);
    return r
               ?: docker_json_put_true(options, "ReadOnlyForceRecursive",
                                       b->readonlyforcerecursive);
}

static int put_volume_options(const Swarm__Mount__VolumeOptions *v, json_t *mount)
{
    if (!v)
        return 0;
    json_t *options = json_object();
    int r = docker_json_put(mount, "VolumeOptions", options);
    r = r ?: docker_json_put_true(options, "NoCopy", v->nocopy);
    r = r ?: docker_json_put_text(options, "Subpath", v->subpath);
    r = r ?: docker_json_put_pairs(options, "Labels", v->n_labels, v->labels);
    if (r || !v->driver_config)
        return r;
    json_t *driver = json_object();
    r = docker_json_put(options, "DriverConfig", driver);
    r = r ?: docker_json_put_text(driver, "Name", v->driver_config->name);
    return r
               ?: docker_json_put_pairs(driver, "Options", v->driver_config->n_options,
                                        v->driver_config->options);
}

static int put_tmpfs_options(const Swarm__Mount__TmpfsOptions *t, json_t *mount)
{
    if (!t)
        return 0;
    json_t *options = json_object();
    int r = docker_json_put(mount, "TmpfsOptions", options);
    r = r ?: docker_json_put_number(options, "SizeBytes", t->size_bytes);
    return r ?: docker_json_put_number(options, "Mode", t->mode);
}

static int append_mount(const Swarm__Mount *m, json_t *mounts)
{
    json_t *mount = json_object();
    int r = docker_json_append(mounts, mount);
    r = r ?: docker_json_put_text(mount, "Type", types[m->type]);
    r = r ?: docker_json_put_text(mount, "Source", m->source);
    r = r ?: docker_json_put_text(mount, "Target", m->target);
    r = r ?: docker_json_put_true(mount, "ReadOnly", m->readonly);
    if ((size_t)m->consistency < ARRAY_SIZE(consistencies))
        r = r
                ?: docker_json_put_text(mount, "Consistency",
                                        consistencies[m->consistency]);
    if (m->type == SWARM__MOUNT__TYPE__BIND)
        return r ?: put_bind_options(m->bind_options, mount);
    if (m->type == SWARM__MOUNT__TYPE__VOLUME)
        return r ?: put_volume_options(m->volume_options, mount);
    return r ?: put_tmpfs_options(m->tmpfs_options, mount);
}

static int append_secret(const struct engine_bind *b, json_t *mounts)
{
    json_t *mount = json_object();
    int r = docker_json_append(mounts, mount);
    r = r ?: docker_json_put_text(mount, "Type", "bind");
    r = r ?: docker_json_put_text(mount, "Source", b->source);
    r = r ?: docker_json_put_text(mount, "Target", b->target);
    r = r ?: docker_json_put_true(mount, "ReadOnly", true);
    if (r)
        return r;
    return docker_json_put(mount, "BindOptions",
                           json_pack("{ss}", "Propagation", "rprivate"));
}

int docker_create_mounts(const struct engine_container *c, json_t *host, struct err *e)
{
    const Swarm__ContainerSpec *spec = c->task->spec->container;
    if (!spec->n_mounts && !c->n_binds)
        return 0;
    json_t *mounts = json_array();
    int r = docker_json_put(host, "Mounts", mounts);
    for (size_t i = 0; i < spec->n_mounts && !r; i++) {
        if ((size_t)spec->mounts[i]->type >= ARRAY_SIZE(types))
            return err_set(e, ERR_UNIMPLEMENTED,
                           "Mount %s: only bind, volume and tmpfs are supported",
                           spec->mounts[i]->target);
        r = append_mount(spec->mounts[i], mounts);
    }
    for (size_t i = 0; i < c->n_binds && !r; i++)
        r = append_secret(&c->binds[i], mounts);
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    return r ? err_set(e, r, "a mount has text that is not UTF-8") : 0;
}
