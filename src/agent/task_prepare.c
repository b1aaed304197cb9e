/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the assignment to a container that could be started: image, files, container. A
 * task never gets a container unless all its secrets and configs lie ready.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/payload.h"
#include "agent/task.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

static const Swarm__ContainerSpec *container_spec(const struct task *t)
{
    const Swarm__TaskSpec *spec = t->spec->spec;
    bool is_container = spec && spec->runtime_case == SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    return is_container ? spec->container : NULL;
}

void task_step_accept(struct task *t)
{
    struct err e;
    const Swarm__ContainerSpec *spec = container_spec(t);
    task_report(t, SWARM__TASK_STATE__ACCEPTED, "accepted");
    int r = spec ? swarm_references_validate(spec, &e)
                 : err_set(&e, ERR_UNIMPLEMENTED, "task: only containers are supported");
    if (r)
        task_fail(t, &e);
    else
        task_go(t, TASK_STEP_IMAGE);
}

/* ---- image ---- */

static void image_done(int r, const struct err *e, void *user)
{
    struct task *t = user;
    t->call = NULL;
    if (!task_goes_on(t))
        return;
    if (!r)
        task_go(t, TASK_STEP_FILES);
    else if (task_is_stopping(t))
        t->is_due = true;
    else if (!task_retry_after(t, r, e))
        task_fail(t, e);
    task_run(t);
}

void task_step_image(struct task *t)
{
    const Swarm__ContainerSpec *spec = container_spec(t);
    struct engine *g = t->context->engine;
    const char *auth = spec->pull_options ? spec->pull_options->registry_auth : "";
    task_report(t, SWARM__TASK_STATE__PREPARING, "preparing");
    t->call = g->ops->image_ensure(g, spec->image, auth, image_done, t);
    if (!t->call)
        task_retry_in(t, TASK_RETRY_MIN);
}

/* ---- files ---- */

/* Its value was asked for. */
static void reference_value_of(const struct task *t, size_t i, struct secret_file *out)
{
    const struct buf *value = &t->references.values[i];
    out->data = value->data;
    out->n = value->len;
}

static int payload_of(const struct task *t, const Swarm__SecretReference *ref,
                      struct secret_file *out, struct err *e)
{
    const struct task_context *c = t->context;
    const Swarm__Secret *s = c->secret(c->user, ref->secret_id, task_id(t));
    if (!s || !s->spec)
        return err_set(e, ERR_NOT_FOUND, "secret %s not found", ref->secret_id);
    if (s->spec->templating)
        return err_set(e, ERR_UNIMPLEMENTED,
                       "secret %s: templates are not supported by this node",
                       ref->secret_name);
    out->data = s->spec->data.data;
    out->n = s->spec->data.len;
    out->open = payload_open_file;
    out->secret_id = s->id;
    out->keys = c->keys;
    return 0;
}

static int secret_file_of(const struct task *t, size_t i, struct secret_file *out,
                          struct err *e)
{
    const Swarm__ContainerSpec *spec = container_spec(t);
    const Swarm__SecretReference *ref = spec->secrets[i];
    int r = 0;
    if (ref->target_case != SWARM__SECRET_REFERENCE__TARGET_FILE || !ref->file)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "malformed secret reference, no target provided");
    *out = (struct secret_file){
        .target = ref->file->name,
        .uid = ref->file->uid,
        .gid = ref->file->gid,
        .mode = ref->file->mode,
    };
    if (swarm_reference_is(ref->secret_name))
        r = swarm_reference_find(spec, ref->secret_name, &i, e);
    else if (secret_reference_is(ref->secret_name)) {
        reference_value_of(t, i, out);
        return 0;
    }
    return r ?: payload_of(t, spec->secrets[i], out, e);
}

static int config_file_of(const struct task *t, const Swarm__ConfigReference *ref,
                          struct secret_file *out, struct err *e)
{
    const struct task_context *c = t->context;
    if (ref->target_case != SWARM__CONFIG_REFERENCE__TARGET_FILE || !ref->file)
        return err_set(e, ERR_UNIMPLEMENTED,
                       "config %s: only configs with a file target are supported",
                       ref->config_name);
    const Swarm__Config *s = c->config(c->user, ref->config_id);
    if (!s || !s->spec)
        return err_set(e, ERR_NOT_FOUND, "config %s not found", ref->config_id);
    if (s->spec->templating)
        return err_set(e, ERR_UNIMPLEMENTED,
                       "config %s: templates are not supported by this node",
                       ref->config_name);
    *out = (struct secret_file){
        .target = ref->file->name,
        .is_config = true,
        .uid = ref->file->uid,
        .gid = ref->file->gid,
        .mode = ref->file->mode,
        .data = s->spec->data.data,
        .n = s->spec->data.len,
    };
    return 0;
}

/* Mounts of the task's own may lie where its secrets do. */
static int find_mounts(const Swarm__ContainerSpec *spec, bool *is_dir_taken,
                       struct err *e)
{
    *is_dir_taken = false;
    for (size_t i = 0; i < spec->n_mounts; i++) {
        cleanup_free char *path = path_clean(spec->mounts[i]->target);
        if (!path)
            return err_no_memory(e);
        *is_dir_taken |= secret_place_is_taken_by(path);
    }
    return 0;
}

static int write_files(struct task *t, struct err *e)
{
    const Swarm__ContainerSpec *spec = container_spec(t);
    size_t n = spec->n_secrets + spec->n_configs;
    if (n && t->context->fs_error.code) {
        *e = t->context->fs_error;
        return e->code;
    }
    cleanup_free struct secret_file *files = calloc(n ? n : 1, sizeof(*files));
    if (!files)
        return err_no_memory(e);
    bool is_dir_taken;
    int r = find_mounts(spec, &is_dir_taken, e);
    for (size_t i = 0; i < spec->n_secrets && !r; i++)
        r = secret_file_of(t, i, &files[i], e);
    for (size_t i = 0; i < spec->n_configs && !r; i++)
        r = config_file_of(t, spec->configs[i], &files[spec->n_secrets + i], e);
    if (r)
        return r;
    secret_files_deinit(&t->files);
    t->has_files = n > 0;
    return secret_files_write(t->context->fs, task_id(t), files, n, is_dir_taken,
                              &t->files, e);
}

void task_step_files(struct task *t)
{
    struct err e;
    bool is_waiting = false;
    int r = task_references_ask(t, &is_waiting, &e);
    if (!r && is_waiting)
        return;
    r = r ?: write_files(t, &e);
    if (r)
        task_fail(t, &e);
    else
        task_go(t, TASK_STEP_CREATE);
}

/* ---- container ---- */

/* A container of that name may be our own, from a try whose outcome we didn't hear. */
static void create_failed(struct task *t, int r, const struct err *e)
{
    if (r == ERR_ALREADY_EXISTS) {
        task_go(t, TASK_STEP_LOOK);
        return;
    }
    /* This try has made none; an earlier one, or an earlier run of ours, may have. */
    if (r != ERR_UNAVAILABLE)
        t->was_created = t->was_created_before;
    if (task_is_stopping(t))
        t->is_due = true;
    else if (!task_retry_after(t, r, e))
        task_fail(t, e);
}

static void create_done(int r, const struct err *e, const char *id, void *user)
{
    struct task *t = user;
    t->call = NULL;
    if (!task_goes_on(t))
        return;
    if (r) {
        create_failed(t, r, e);
    } else {
        free(t->container_id);
        t->container_id = strdup(id);
        task_go(t, TASK_STEP_READY);
    }
    task_run(t);
}

static struct engine_bind *binds_of(const struct secret_files *f)
{
    struct engine_bind *binds = calloc(f->n_binds + 1, sizeof(*binds));
    for (size_t i = 0; binds && i < f->n_binds; i++)
        binds[i] = (struct engine_bind){f->binds[i].source, f->binds[i].target};
    return binds;
}

static int begin_create(struct task *t, struct err *e)
{
    const struct task_context *c = t->context;
    cleanup_free struct engine_bind *binds = binds_of(&t->files);
    cleanup_free struct engine_given *given = NULL;
    struct engine_container container = {
        .name = t->name,
        .task = t->spec,
        .node_id = c->node_id,
        .node_hostname = c->hostname,
        .n_binds = t->files.n_binds,
        .binds = binds,
    };
    int r = binds ? 0 : err_no_memory(e);
    r = r ?: task_references_given(t, &given, &container.n_given, e);
    if (r)
        return r;
    container.given = given;
    t->call = c->engine->ops->create(c->engine, &container, create_done, t);
    return t->call ? 0 : err_no_memory(e);
}

void task_step_create(struct task *t)
{
    struct err e;
    t->was_created_before = t->was_created;
    t->was_created = true;
    int r = begin_create(t, &e);
    if (r)
        create_failed(t, r, &e);
}
