/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/docker_state.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/docker_json.h"

#define LABEL_TASK_ID "com.docker.swarm.task.id"

static int parse(const void *data, size_t n, const struct json_limits *l, json_t **out,
                 struct err *e)
{
    struct err why;
    int r = json_read(data ? data : "", n, l, out, &why);
    if (r == ERR_INVALID_ARGUMENT)
        return err_set(e, ERR_BAD_MESSAGE, "the engine's answer is no JSON: %s",
                       why.text);
    if (r == ERR_RESOURCE_EXHAUSTED)
        return err_set(e, r, "the engine's answer: %s", why.text);
    return r ? err_no_memory(e) : 0;
}

int docker_parse(const void *data, size_t n, json_t **out, struct err *e)
{
    static const struct json_limits limits = {.bytes = DOCKER_BODY_MAX,
                                              .values = DOCKER_VALUES_MAX,
                                              .depth = JSON_DEPTH_MAX,
                                              .mends_strings = true};
    return parse(data, n, &limits, out, e);
}

int docker_parse_list(const void *data, size_t n, json_t **out, struct err *e)
{
    static const struct json_limits limits = {.bytes = DOCKER_BODY_LIST_MAX,
                                              .values = DOCKER_VALUES_LIST_MAX,
                                              .depth = JSON_DEPTH_MAX,
                                              .mends_strings = true};
    return parse(data, n, &limits, out, e);
}

/* ---- containers ---- */

static bool id_is_sane(const char *id)
{
    return *id && strlen(id) <= DOCKER_ID_MAX;
}

static const char *task_id_label(const json_t *labels)
{
    return json_string_value(json_object_get(labels, LABEL_TASK_ID));
}

/* Names come with a slash in front. */
static const char *plain_name(const char *name)
{
    return name[0] == '/' ? name + 1 : name;
}

enum engine_health docker_health_from_json(const json_t *health)
{
    const char *status = docker_json_text(health, "Status");
    if (str_equal(status, "healthy"))
        return ENGINE_HEALTH_HEALTHY;
    if (str_equal(status, "unhealthy"))
        return ENGINE_HEALTH_UNHEALTHY;
    return str_equal(status, "starting") ? ENGINE_HEALTH_STARTING : ENGINE_HEALTH_NONE;
}

/* Is there a check? A test of "NONE" switches off the image's. */
static bool has_check(const json_t *config)
{
    json_t *check = docker_json_object(config, "Healthcheck");
    json_t *test = json_object_get(check, "Test");
    const char *first = json_string_value(json_array_get(test, 0));
    return first && !str_equal(first, "NONE");
}

static void read_health(const json_t *j, const json_t *state, struct engine_state *s)
{
    json_t *config = docker_json_object(j, "Config");
    if (!has_check(config))
        return;
    s->health = docker_health_from_json(docker_json_object(state, "Health"));
    if (s->health == ENGINE_HEALTH_NONE)
        s->health = ENGINE_HEALTH_STARTING;
    int64_t interval =
        docker_json_number(docker_json_object(config, "Healthcheck"), "Interval");
    s->health_interval = interval > 0 ? interval : 0;
}

/* "80/tcp", and the bound port "8080". */
static bool read_port(const char *key, const char *bound, struct engine_port *out)
{
    const char *slash = strchr(key, '/');
    char number[8];
    uint64_t target, published;
    if (!slash || (size_t)(slash - key) >= sizeof(number))
        return false;
    memcpy(number, key, (size_t)(slash - key));
    number[slash - key] = '\0';
    if (!str_to_u64(number, &target) || !str_to_u64(bound, &published) ||
        target > UINT16_MAX || published > UINT16_MAX)
        return false;
    *out = (struct engine_port){
        .protocol = str_equal(slash, "/udp")    ? SWARM__PORT_CONFIG__PROTOCOL__UDP
                    : str_equal(slash, "/sctp") ? SWARM__PORT_CONFIG__PROTOCOL__SCTP
                                                : SWARM__PORT_CONFIG__PROTOCOL__TCP,
        .target = (uint32_t)target,
        .published = (uint32_t)published,
    };
    return true;
}

static size_t read_ports(const json_t *j, struct engine_port *ports)
{
    json_t *bound = docker_json_object(docker_json_object(j, "NetworkSettings"), "Ports");
    const char *key;
    json_t *list;
    size_t n = 0;
    json_object_foreach(bound, key, list)
    {
        const json_t *first = json_array_get(list, 0);
        if (n < DOCKER_PORTS_MAX &&
            read_port(key, docker_json_text(first, "HostPort"), &ports[n]))
            n++;
    }
    return n;
}

/* Without these nobody could tell a container that runs from one that ended well. */
static int check_state(const json_t *j, const json_t *state, struct err *e)
{
    const char *id = docker_json_text(j, "Id");
    if (!id_is_sane(id) || !json_is_boolean(json_object_get(state, "Running")) ||
        !*docker_json_text(state, "Status"))
        return err_set(e, ERR_BAD_MESSAGE, "the engine's answer is no container");
    return 0;
}

int docker_state_from_inspect(const json_t *j, struct engine_port *ports,
                              struct engine_state *out, struct err *e)
{
    json_t *state = docker_json_object(j, "State");
    int64_t pid = 0, exit_code = 0;
    int r = check_state(j, state, e);
    r = r ?: docker_json_read_int(state, "Pid", 0, INT32_MAX, &pid, e);
    r = r ?: docker_json_read_int(state, "ExitCode", INT32_MIN, INT32_MAX, &exit_code, e);
    if (r)
        return r;
    struct engine_state s = {
        .id = docker_json_text(j, "Id"),
        .name = plain_name(docker_json_text(j, "Name")),
        .task_id =
            task_id_label(docker_json_object(docker_json_object(j, "Config"), "Labels")),
        .is_running = json_is_true(json_object_get(state, "Running")),
        .is_created_only = str_equal(docker_json_text(state, "Status"), "created"),
        .pid = (int32_t)pid,
        .exit_code = (int32_t)exit_code,
        .error = docker_json_text(state, "Error"),
        .stop_signal = docker_json_text(docker_json_object(j, "Config"), "StopSignal"),
        .ports = ports,
    };
    read_health(j, state, &s);
    s.n_ports = read_ports(j, ports);
    *out = s;
    return 0;
}

static bool state_from_item(const json_t *j, struct engine_state *out)
{
    const char *id = docker_json_text(j, "Id");
    const char *name = json_string_value(json_array_get(json_object_get(j, "Names"), 0));
    const char *state = docker_json_text(j, "State");
    *out = (struct engine_state){
        .id = id,
        .name = plain_name(name ? name : ""),
        .task_id = task_id_label(docker_json_object(j, "Labels")),
        .is_running = str_equal(state, "running") || str_equal(state, "paused"),
        .is_created_only = str_equal(state, "created"),
        .error = "",
        .stop_signal = "",
    };
    return id_is_sane(id);
}

int docker_states_from_list(const json_t *j, struct engine_state **out, size_t *n,
                            struct err *e)
{
    size_t items = json_array_size(j);
    if (!json_is_array(j))
        return err_set(e, ERR_BAD_MESSAGE, "the engine's answer is no list");
    if (items > DOCKER_LIST_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d containers",
                       DOCKER_LIST_MAX);
    struct engine_state *states = calloc(items ? items : 1, sizeof(*states));
    if (!states)
        return err_no_memory(e);
    size_t found = 0;
    for (size_t i = 0; i < items; i++) {
        if (state_from_item(json_array_get(j, i), &states[found]))
            found++;
    }
    *out = states;
    *n = found;
    return 0;
}
