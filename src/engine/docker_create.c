/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a task's specification to the JSON that the engine's API wants, field by field as
 * Docker's own agent does it. In `r = r ?: step` a step is taken while none has failed.
 */
#include "engine/docker_create.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/docker_json.h"

#define LABEL_PREFIX "com.docker.swarm."

static int put_labels(const struct engine_container *c, json_t *body)
{
    const Swarm__Task *t = c->task;
    const Swarm__ContainerSpec *spec = t->spec->container;
    const Swarm__Annotations *service = t->service_annotations;
    json_t *labels = json_object();
    int r = docker_json_put(body, "Labels", labels);
    for (size_t i = 0; i < spec->n_labels && !r; i++)
        r = docker_json_put_string(labels, spec->labels[i]->key, spec->labels[i]->value);
    const Swarm__Annotations *own = t->annotations;
    for (size_t i = 0; own && i < own->n_labels && !r; i++)
        r = docker_json_put_string(labels, own->labels[i]->key, own->labels[i]->value);
    r = r ?: docker_json_put_string(labels, LABEL_PREFIX "task", "");
    r = r ?: docker_json_put_string(labels, LABEL_PREFIX "task.id", t->id);
    r = r ?: docker_json_put_string(labels, LABEL_PREFIX "task.name", c->name);
    r = r ?: docker_json_put_string(labels, LABEL_PREFIX "node.id", c->node_id);
    r = r ?: docker_json_put_string(labels, LABEL_PREFIX "service.id", t->service_id);
    return r
               ?: docker_json_put_string(labels, LABEL_PREFIX "service.name",
                                         service ? service->name : "");
}

static int put_health(const Swarm__HealthConfig *h, json_t *body)
{
    if (!h)
        return 0;
    json_t *health = json_object();
    int r = docker_json_put(body, "Healthcheck", health);
    r = r ?: docker_json_put_texts(health, "Test", h->n_test, h->test);
    r = r ?: docker_json_put_number(health, "Interval", message_duration(h->interval, 0));
    r = r ?: docker_json_put_number(health, "Timeout", message_duration(h->timeout, 0));
    r = r
            ?: docker_json_put_number(health, "StartPeriod",
                                      message_duration(h->start_period, 0));
    r = r
            ?: docker_json_put_number(health, "StartInterval",
                                      message_duration(h->start_interval, 0));
    return r ?: docker_json_put_number(health, "Retries", h->retries);
}

/* A command replaces the image's entry point; arguments alone go to it. */
static int put_command(const Swarm__ContainerSpec *spec, json_t *body)
{
    int r = docker_json_put_texts(body, "Entrypoint", spec->n_command, spec->command);
    return r ?: docker_json_put_texts(body, "Cmd", spec->n_args, spec->args);
}

static int put_config(const struct engine_container *c, const char *image, json_t *body)
{
    const Swarm__ContainerSpec *spec = c->task->spec->container;
    int r = docker_json_put_string(body, "Image", image);
    r = r ?: put_command(spec, body);
    r = r ?: put_labels(c, body);
    r = r ?: docker_json_put_text(body, "Hostname", spec->hostname);
    r = r ?: docker_json_put_texts(body, "Env", spec->n_env, spec->env);
    r = r ?: docker_json_put_text(body, "WorkingDir", spec->dir);
    r = r ?: docker_json_put_text(body, "User", spec->user);
    r = r ?: docker_json_put_true(body, "Tty", spec->tty);
    r = r ?: docker_json_put_true(body, "OpenStdin", spec->open_stdin);
    r = r ?: docker_json_put_text(body, "StopSignal", spec->stop_signal);
    return r ?: put_health(spec->healthcheck, body);
}

static int append_ulimit(const Swarm__ContainerSpec__Ulimit *u, json_t *ulimits)
{
    json_t *ulimit = json_object();
    int r = docker_json_append(ulimits, ulimit);
    r = r ?: docker_json_put_string(ulimit, "Name", u->name);
    r = r ?: docker_json_put(ulimit, "Soft", json_integer(u->soft));
    return r ?: docker_json_put(ulimit, "Hard", json_integer(u->hard));
}

static int put_ulimits(const Swarm__ContainerSpec *spec, json_t *host)
{
    if (!spec->n_ulimits)
        return 0;
    json_t *ulimits = json_array();
    int r = docker_json_put(host, "Ulimits", ulimits);
    for (size_t i = 0; i < spec->n_ulimits && !r; i++)
        r = append_ulimit(spec->ulimits[i], ulimits);
    return r;
}

/* Docker's figure is memory and swap together. */
static int put_swap(const Swarm__ResourceRequirements *res, int64_t memory, json_t *host)
{
    int r = 0;
    if (res->swap_bytes && res->swap_bytes->value < 0)
        r = docker_json_put_number(host, "MemorySwap", -1);
    else if (res->swap_bytes && memory && res->swap_bytes->value <= INT64_MAX - memory)
        r = docker_json_put_number(host, "MemorySwap", memory + res->swap_bytes->value);
    if (!r && res->memory_swappiness)
        r = docker_json_put(host, "MemorySwappiness",
                            json_integer(res->memory_swappiness->value));
    return r;
}

static int put_resources(const Swarm__TaskSpec *spec, json_t *host)
{
    int r = docker_json_put_number(host, "PidsLimit", spec->container->pids_limit);
    r = r ?: put_ulimits(spec->container, host);
    const Swarm__ResourceRequirements *res = spec->resources;
    if (r || !res)
        return r;
    int64_t memory = res->limits ? res->limits->memory_bytes : 0;
    r = docker_json_put_number(host, "Memory", memory);
    r = r
            ?: docker_json_put_number(host, "NanoCpus",
                                      res->limits ? res->limits->nano_cpus : 0);
    r = r
            ?: docker_json_put_number(host, "MemoryReservation",
                                      res->reservations ? res->reservations->memory_bytes
                                                        : 0);
    return r ?: put_swap(res, memory, host);
}

static int append_option(json_t *options, const char *name, const char *value)
{
    cleanup_free char *text = str_format("%s%s", name, value);
    return text ? docker_json_append_string(options, text) : ERR_NO_MEMORY;
}

static int append_selinux(const Swarm__Privileges__SELinuxContext *s, json_t *options)
{
    if (s->disable)
        return append_option(options, "label=", "disable");
    int r = 0;
    if (!str_is_empty(s->user))
        r = append_option(options, "label=user:", s->user);
    if (!r && !str_is_empty(s->role))
        r = append_option(options, "label=role:", s->role);
    if (!r && !str_is_empty(s->type))
        r = append_option(options, "label=type:", s->type);
    if (!r && !str_is_empty(s->level))
        r = append_option(options, "label=level:", s->level);
    return r;
}

static int append_seccomp(const Swarm__Privileges__SeccompOpts *s, json_t *options)
{
    if (s->mode == SWARM__PRIVILEGES__SECCOMP_OPTS__SECCOMP_MODE__UNCONFINED)
        return append_option(options, "seccomp=", "unconfined");
    if (s->mode != SWARM__PRIVILEGES__SECCOMP_OPTS__SECCOMP_MODE__CUSTOM)
        return 0;
    cleanup_free char *profile = mem_dup(s->profile.data, s->profile.len);
    return profile ? append_option(options, "seccomp=", profile) : ERR_NO_MEMORY;
}

static int put_security(const Swarm__Privileges *p, json_t *host)
{
    if (!p)
        return 0;
    json_t *options = json_array();
    int r = docker_json_put(host, "SecurityOpt", options);
    if (!r && p->selinux_context)
        r = append_selinux(p->selinux_context, options);
    if (!r && p->seccomp)
        r = append_seccomp(p->seccomp, options);
    if (!r && p->apparmor &&
        p->apparmor->mode == SWARM__PRIVILEGES__APP_ARMOR_OPTS__APP_ARMOR_MODE__DISABLED)
        r = append_option(options, "apparmor=", "unconfined");
    if (!r && p->no_new_privileges)
        r = append_option(options, "no-new-privileges", "");
    return r;
}

/* The task's own driver is what the manager settled on from the service's and the
 * cluster's. */
static int put_log_driver(const Swarm__Task *task, json_t *host)
{
    const Swarm__Driver *d = task->log_driver ? task->log_driver : task->spec->log_driver;
    if (!d || str_is_empty(d->name))
        return 0;
    json_t *log = json_object();
    int r = docker_json_put(host, "LogConfig", log);
    r = r ?: docker_json_put_text(log, "Type", d->name);
    return r ?: docker_json_put_pairs(log, "Config", d->n_options, d->options);
}

static int put_init(const Swarm__ContainerSpec *spec, enum docker_kind kind, json_t *host)
{
    if (!spec->init || (kind == DOCKER_PODMAN && !spec->init->value))
        return 0;
    return docker_json_put(host, "Init", json_boolean(spec->init->value));
}

static int put_host(const struct engine_container *c, enum docker_kind kind, json_t *host)
{
    const Swarm__ContainerSpec *spec = c->task->spec->container;
    int r = put_resources(c->task->spec, host);
    r = r ?: put_init(spec, kind, host);
    r = r ?: docker_json_put_true(host, "ReadonlyRootfs", spec->read_only);
    r = r ?: docker_json_put_texts(host, "GroupAdd", spec->n_groups, spec->groups);
    r = r ?: docker_json_put_pairs(host, "Sysctls", spec->n_sysctls, spec->sysctls);
    r = r
            ?: docker_json_put_texts(host, "CapAdd", spec->n_capability_add,
                                     spec->capability_add);
    r = r
            ?: docker_json_put_texts(host, "CapDrop", spec->n_capability_drop,
                                     spec->capability_drop);
    r = r ?: docker_json_put_number(host, "OomScoreAdj", spec->oom_score_adj);
    r = r ?: put_security(spec->privileges, host);
    return r ?: put_log_driver(c->task, host);
}

/* What a task may ask for and no engine on Linux can do. */
static int refuse_unsupported(const Swarm__Task *task, struct err *e)
{
    if (!task->spec || !task->spec->container)
        return err_set(e, ERR_UNIMPLEMENTED, "task: only containers are supported");
    const Swarm__ContainerSpec *spec = task->spec->container;
    if (str_is_empty(spec->image))
        return err_set(e, ERR_INVALID_ARGUMENT, "dockerexec: image required");
    if (spec->isolation != SWARM__CONTAINER_SPEC__ISOLATION__ISOLATION_DEFAULT)
        return err_set(e, ERR_UNIMPLEMENTED, "ContainerSpec.Isolation is not supported");
    if (spec->privileges && spec->privileges->credential_spec)
        return err_set(e, ERR_UNIMPLEMENTED,
                       "ContainerSpec.Privileges.CredentialSpec is not supported");
    return 0;
}

static int explain(int r, struct err *e)
{
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    return err_set(e, r, "the task has text that is not UTF-8");
}

int docker_create_body(const struct engine_container *c, enum docker_kind kind,
                       json_t **out, struct err *e)
{
    cleanup_buf struct buf image = BUF_INIT;
    int r = refuse_unsupported(c->task, e);
    r = r ?: docker_image_name(c->task->spec->container->image, kind, &image, e);
    if (r)
        return r;
    cleanup_json json_t *body = json_object();
    json_t *host = json_object();
    r = docker_json_put(body, "HostConfig", host);
    r = r ?: put_config(c, buf_str(&image), body);
    r = r ?: put_host(c, kind, host);
    if (r)
        return explain(r, e);
    r = docker_create_mounts(c, host, e);
    r = r ?: docker_create_network(c, body, host, e);
    if (r)
        return r;
    *out = TAKE(body);
    return 0;
}
