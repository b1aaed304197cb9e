/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls that are one request and one answer.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/docker_api.h"
#include "engine/docker_json.h"
#include "engine/docker_record.h"
#include "engine/docker_references.h"
#include "engine/docker_timers.h"

/* A new call of an operation, with the function that delivers its result. */
#define NEW_CALL(g, user, how)                                                           \
    new_call(CONTAINER_OF(g, struct docker_api, base), user, how)

static struct docker_call *new_call(struct docker_api *api, void *user,
                                    void (*deliver)(struct docker_call *c, int r,
                                                    const struct err *e,
                                                    const union docker_result *result))
{
    struct docker_call *c = docker_call_new(api, user);
    if (c)
        c->deliver = deliver;
    return c;
}

/* Parses the answer to a GET by one of docker_parse and docker_parse_list. When it isn't
 * what was asked for, the call ends: false. */
static bool take_json(struct docker_call *c, int status, const void *body, size_t n,
                      int (*parse)(const void *data, size_t n, json_t **out,
                                   struct err *e),
                      json_t **out)
{
    struct err e;
    int r = status == 200 ? parse(body, n, out, &e) : 0;
    if (status != 200)
        docker_call_refused(c, status, body, n);
    else if (r)
        docker_call_end(c, r, &e, NULL);
    return *out;
}

/* Ends a call with what was read, or with why it could not be. */
static void end_read(struct docker_call *c, int r, const struct err *e,
                     const union docker_result *result)
{
    docker_call_end(c, r, r ? e : NULL, r ? NULL : result);
}

/* ---- info ---- */

static void deliver_info(struct docker_call *c, int r, const struct err *e,
                         const union docker_result *result)
{
    c->done.info(r, e, result->info, c->user);
}

static void info_answered(struct docker_call *c, int status, const void *body, size_t n)
{
    cleanup_json json_t *j = NULL;
    struct engine_plugin plugins[DOCKER_PLUGINS_MAX];
    struct engine_info info;
    struct err e;
    if (!take_json(c, status, body, n, docker_parse, &j))
        return;
    c->api->offer = offer_of_engine(j);
    int r = docker_info_from_json(j, c->api->version.kind, plugins, &info, &e);
    if (!r) {
        info.pid = c->api->limits.pid;
        info.runs_health_checks =
            docker_runs_health_checks(c->api->version.kind, info.pid);
    }
    end_read(c, r, &e, &(union docker_result){.info = &info});
}

static struct engine_call *docker_info(struct engine *g, engine_info_done done,
                                       void *user)
{
    struct docker_call *c = NEW_CALL(g, user, deliver_info);
    if (!c)
        return NULL;
    c->done.info = done;
    docker_call_get(c, strdup("/info"), DOCKER_TIMEOUT, DOCKER_BODY_MAX, info_answered);
    return &c->base;
}

/* ---- create ---- */

static void deliver_create(struct docker_call *c, int r, const struct err *e,
                           const union docker_result *result)
{
    c->done.create(r, e, result->id, c->user);
}

/* The words of a missing image differ between engines; users and programs know dockerd's.
 */
static void create_refused(struct docker_call *c, int status, const void *body, size_t n)
{
    struct err e;
    int code = docker_error(status, body, n, &e);
    if (code == ERR_NOT_FOUND && strcasestr(e.text, "image"))
        err_set(&e, ERR_NOT_FOUND, "No such image: %s", c->text);
    else if (code == ERR_CONFLICT)
        e.code = ERR_ALREADY_EXISTS;
    docker_call_end(c, e.code, &e, NULL);
}

static void create_answered(struct docker_call *c, int status, const void *body, size_t n)
{
    if (status != 201) {
        create_refused(c, status, body, n);
        return;
    }
    cleanup_json json_t *j = NULL;
    struct err e;
    int r = docker_parse(body, n, &j, &e);
    const char *id = docker_json_text(j, "Id");
    if (!r && (!*id || strlen(id) > DOCKER_ID_MAX))
        r = err_set(&e, ERR_BAD_MESSAGE, "the engine's answer has no container id");
    if (!r && c->record.n_references)
        docker_record_write(c, id);
    else
        end_read(c, r, &e, &(union docker_result){.id = id});
}

static int send_create(struct docker_call *c, const struct engine_container *container,
                       struct err *e)
{
    cleanup_json json_t *body = NULL;
    int r = docker_create_body(container, c->api->version.kind, &body, e);
    r = r ?: docker_check_binds(container, c->api->version.kind, c->api->limits.pid, e);
    r = r ?: engine_complete_create(&c->api->limits, body, e);
    r = r ?: docker_references_complete(c->api, container, body, &c->record, e);
    if (r)
        return r;
    cleanup_buf struct buf text = BUF_INIT;
    c->text = strdup(container->task->spec->container->image);
    if (!c->text || json_write(body, &text))
        return err_no_memory(e);
    struct docker_request q = {
        .method = "POST",
        .target = docker_target("/containers/create?name=", container->name, ""),
        .body = buf_take(&text),
        .timeout = DOCKER_TIMEOUT_SLOW,
        .max = DOCKER_BODY_MAX,
        .is_heavy = true};
    docker_call_send(c, &q, create_answered);
    return 0;
}

static struct engine_call *docker_create(struct engine *g,
                                         const struct engine_container *container,
                                         engine_create_done done, void *user)
{
    struct docker_call *c = NEW_CALL(g, user, deliver_create);
    if (!c)
        return NULL;
    c->done.create = done;
    struct err e;
    if (send_create(c, container, &e))
        docker_call_fail(c, &e);
    return &c->base;
}

/* ---- start, kill ---- */

static void start_answered(struct docker_call *c, int status, const void *body, size_t n)
{
    if (status == 204 || status == 304)
        docker_call_end(c, 0, NULL, NULL);
    else
        docker_call_refused(c, status, body, n);
}

/* Not running is as good as killed. */
static void kill_answered(struct docker_call *c, int status, const void *body, size_t n)
{
    struct err e;
    int code = status == 204 ? 0 : docker_error(status, body, n, &e);
    if (code == ERR_CONFLICT || code == ERR_NOT_FOUND || code == ERR_FAILED_PRECONDITION)
        code = 0;
    docker_call_end(c, code, code ? &e : NULL, NULL);
}

static struct engine_call *send_plain(struct engine *g, const char *method, char *target,
                                      bool is_heavy, docker_step step, engine_done done,
                                      void *user)
{
    struct docker_call *c = NEW_CALL(g, user, docker_call_plain);
    if (!c) {
        free(target);
        return NULL;
    }
    c->done.plain = done;
    struct docker_request q = {.method = method,
                               .target = target,
                               .timeout = is_heavy ? DOCKER_TIMEOUT_SLOW : DOCKER_TIMEOUT,
                               .max = DOCKER_BODY_MAX,
                               .is_heavy = is_heavy};
    docker_call_send(c, &q, step);
    return &c->base;
}

static struct engine_call *docker_start(struct engine *g, const char *id,
                                        engine_done done, void *user)
{
    return send_plain(g, "POST", docker_target("/containers/", id, "/start"), true,
                      start_answered, done, user);
}

static struct engine_call *docker_kill(struct engine *g, const char *id,
                                       const char *signal, engine_done done, void *user)
{
    cleanup_free char *query = docker_target("/kill?signal=", signal, "");
    return send_plain(g, "POST", query ? docker_target("/containers/", id, query) : NULL,
                      false, kill_answered, done, user);
}

/* ---- inspect, list ---- */

static void deliver_inspect(struct docker_call *c, int r, const struct err *e,
                            const union docker_result *result)
{
    c->done.inspect(r, e, result->state, c->user);
}

static void inspect_answered(struct docker_call *c, int status, const void *body,
                             size_t n)
{
    cleanup_json json_t *j = NULL;
    struct engine_port ports[DOCKER_PORTS_MAX];
    struct engine_state state;
    struct err e;
    if (!take_json(c, status, body, n, docker_parse, &j))
        return;
    int r = docker_state_from_inspect(j, ports, &state, &e);
    end_read(c, r, &e, &(union docker_result){.state = &state});
}

static struct engine_call *docker_inspect(struct engine *g, const char *id,
                                          engine_inspect_done done, void *user)
{
    struct docker_call *c = NEW_CALL(g, user, deliver_inspect);
    if (!c)
        return NULL;
    c->done.inspect = done;
    docker_call_get(c, docker_target("/containers/", id, "/json"), DOCKER_TIMEOUT,
                    DOCKER_BODY_MAX, inspect_answered);
    return &c->base;
}

static void deliver_list(struct docker_call *c, int r, const struct err *e,
                         const union docker_result *result)
{
    c->done.list(r, e, result->list.n, result->list.states, c->user);
}

static void list_answered(struct docker_call *c, int status, const void *body, size_t n)
{
    cleanup_json json_t *j = NULL;
    cleanup_free struct engine_state *states = NULL;
    size_t found = 0;
    struct err e;
    if (!take_json(c, status, body, n, docker_parse_list, &j))
        return;
    int r = docker_states_from_list(j, &states, &found, &e);
    union docker_result result = {.list = {.states = states, .n = found}};
    end_read(c, r, &e, &result);
}

static char *list_target(const char *node_id)
{
    cleanup_free char *filter =
        str_format("{\"label\":[\"com.docker.swarm.node.id=%s\"]}", node_id);
    return filter ? docker_target("/containers/json?all=1&filters=", filter, "") : NULL;
}

static struct engine_call *docker_list(struct engine *g, const char *node_id,
                                       engine_list_done done, void *user)
{
    struct docker_call *c = NEW_CALL(g, user, deliver_list);
    if (!c)
        return NULL;
    c->done.list = done;
    docker_call_get(c, list_target(node_id), DOCKER_TIMEOUT_SLOW, DOCKER_BODY_LIST_MAX,
                    list_answered);
    return &c->base;
}

/* ---- health ---- */

static void deliver_health(struct docker_call *c, int r, const struct err *e,
                           const union docker_result *result)
{
    c->done.health(r, e, result->health, c->user);
}

/* The container's health, in which the check that was just made is counted. */
static void health_inspected(struct docker_call *c, int status, const void *body,
                             size_t n)
{
    cleanup_json json_t *j = NULL;
    struct engine_port ports[DOCKER_PORTS_MAX];
    struct engine_state state;
    struct err e;
    if (!take_json(c, status, body, n, docker_parse, &j))
        return;
    int r = docker_state_from_inspect(j, ports, &state, &e);
    end_read(c, r, &e, &(union docker_result){.health = r ? 0 : state.health});
}

/* Podman answers with the outcome of this one check: one that failed makes no container
 * unhealthy as long as it has retries or is starting, which only an inspect tells. */
static void health_answered(struct docker_call *c, int status, const void *body, size_t n)
{
    cleanup_json json_t *j = NULL;
    if (!take_json(c, status, body, n, docker_parse, &j))
        return;
    union docker_result result = {.health = docker_health_from_json(j)};
    if (result.health == ENGINE_HEALTH_HEALTHY)
        docker_call_end(c, 0, NULL, &result);
    else
        docker_call_get(c, docker_target("/containers/", c->text, "/json"),
                        DOCKER_TIMEOUT, DOCKER_BODY_MAX, health_inspected);
}

/* Podman's own API; dockerd runs its checks itself and is never asked. */
static struct engine_call *docker_health(struct engine *g, const char *id,
                                         engine_health_done done, void *user)
{
    struct docker_call *c = NEW_CALL(g, user, deliver_health);
    if (!c)
        return NULL;
    c->done.health = done;
    c->text = strdup(id);
    struct err e;
    if (c->text) {
        docker_call_get(c, docker_target("/libpod/containers/", id, "/healthcheck"),
                        DOCKER_TIMEOUT_SLOW, DOCKER_BODY_MAX, health_answered);
    } else {
        err_no_memory(&e);
        docker_call_fail(c, &e);
    }
    return &c->base;
}

const struct engine_ops docker_ops = {
    .start = docker_api_start,
    .info = docker_info,
    .image_ensure = docker_image_ensure,
    .create = docker_create,
    .start_container = docker_start,
    .inspect = docker_inspect,
    .kill = docker_kill,
    .remove = docker_remove,
    .list = docker_list,
    .health_check = docker_health,
    .logs = docker_logs_start,
    .close = docker_api_close,
};
