/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that reads the engine's JSON: no answer of any shape may do harm.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "engine/docker_events.h"
#include "engine/docker_json.h"
#include "engine/docker_limits.h"
#include "engine/docker_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(json_t *j)
{
    static struct engine_port ports[DOCKER_PORTS_MAX];
    static struct engine_plugin plugins[DOCKER_PLUGINS_MAX];
    static const struct engine_limits limits = {
        .is_restricted = true, .fills_unset = true, .nofile = 100, .nproc = 50};
    struct engine_state state;
    struct engine_info info;
    struct docker_version version;
    struct engine_state *states = NULL;
    size_t n = 0;
    if (!docker_state_from_inspect(j, ports, &state, NULL) && !*state.id)
        abort();
    if (!docker_states_from_list(j, &states, &n, NULL) && n > json_array_size(j))
        abort();
    free(states);
    if (!docker_info_from_json(j, DOCKER_PODMAN, plugins, &info, NULL) &&
        info.n_plugins > DOCKER_PLUGINS_MAX)
        abort();
    if (!docker_version_from_json(j, &version, NULL) && version.prefix[0] != '/')
        abort();
    docker_health_from_json(j);
    if (engine_complete_create(&limits, j, NULL) == ERR_NO_MEMORY)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct docker_event event;
    struct err e;
    cleanup_json json_t *j = NULL;
    if (!docker_event_parse((const char *)data, size, &event) && !*event.id)
        abort();
    if (docker_error(500, data, size, &e) == 0)
        abort();
    if (!docker_parse_list(data, size, &j, &e))
        read_all(j);
    return 0;
}
