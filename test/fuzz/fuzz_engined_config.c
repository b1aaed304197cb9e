/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's settings, from any bytes in engine.conf: what is taken is within its
 * limits, is the same the next time, and counts less than a flag.
 */
#include <assert.h>
#include <string.h>

#include "base/macro.h"
#include "base/str.h"
#include "engined/config.h"
#include "settings_folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int load(struct config *c, const char *flag)
{
    char *argv[] = {(char *)(uintptr_t) "coffer-engined", (char *)(uintptr_t)flag, NULL};
    enum config_verb verb;
    return config_load(c, flag ? 2 : 1, argv, &verb, NULL);
}

static bool is_path(const char *path)
{
    return !path || *path == '/';
}

static void check(const struct config *c)
{
    assert(is_path(c->policy) && is_path(c->prompt));
    assert(!c->socket || *c->socket == '/' || *c->socket == '@');
    assert(c->n_plugin_folders && c->n_plugin_folders <= PLUGIN_FOLDERS_MAX);
    for (size_t i = 0; i < c->n_plugin_folders; i++)
        assert(c->plugin_folders[i] && *c->plugin_folders[i] == '/');
    assert(c->store >= STORE_AUTO && c->store <= STORE_FILE);
    assert(c->docker_sockets >= DOCKER_AUTO && c->docker_sockets <= DOCKER_NO);
    assert(c->request_timeout > 0 && c->idle_timeout >= 0);
    assert(c->retry_time >= 0 && c->cache >= 0);
}

static void assert_same(const struct config *a, const struct config *b)
{
    assert(a->store == b->store && a->docker_sockets == b->docker_sockets);
    assert(a->failure_rule == b->failure_rule && a->log_level == b->log_level);
    assert(a->request_timeout == b->request_timeout && a->cache == b->cache);
    assert(a->idle_timeout == b->idle_timeout && a->retry_time == b->retry_time);
    assert(a->socket == b->socket || str_equal(a->socket, b->socket));
    assert(a->n_plugin_folders == b->n_plugin_folders);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config c, again, flagged;
    fuzz_make_folder();
    fuzz_write("engine.conf", data, size);
    if (load(&c, NULL))
        return 0;
    check(&c);
    if (load(&again, NULL) || load(&flagged, "--store=keychain"))
        abort();
    assert_same(&c, &again);
    assert(flagged.store == STORE_KEYCHAIN && flagged.cache == c.cache);
    config_deinit(&c);
    config_deinit(&again);
    config_deinit(&flagged);
    return 0;
}
