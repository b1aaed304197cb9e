/* SPDX-License-Identifier: Apache-2.0 */
/* Which sockets an engine of a user's listens on; socket.h has the contract. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/home.h"
#include "base/mem.h"
#include "base/str.h"
#include "sdk/socket.h"

/* Root's engine outside of a session. */
#define ROOT_FOLDER "/run/coffer-engine"

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return str_is_empty(value) ? NULL : value;
}

/* "<folder>/<file>", when there is a folder and both fit an address. */
static void add(struct sdk_sockets *all, const char *folder, const char *file)
{
    char path[sizeof(all->items[0].address.sun_path)];
    if (!folder)
        return;
    int n = snprintf(path, sizeof(path), "%s/%s", folder, file);
    if (n > 0 && (size_t)n < sizeof(path) &&
        sdk_socket_parse(path, &all->items[all->n], NULL) == 0)
        all->n++;
}

static void add_of_uid(struct sdk_sockets *all, const char *prefix, uid_t uid,
                       const char *file)
{
    char folder[64];
    snprintf(folder, sizeof(folder), "%s/%lu", prefix, (unsigned long)uid);
    add(all, folder, file);
}

static void add_docker(struct sdk_sockets *all, uid_t uid)
{
    add_of_uid(all, "@docker-secrets-engine", uid, "daemon.sock");
}

static void find_others(struct sdk_sockets *all, uid_t uid)
{
    add_of_uid(all, "/run/user", uid, "coffer/engine.sock");
    if (uid == 0)
        add(all, ROOT_FOLDER, "engine.sock");
    add_docker(all, uid);
}

static int find_own(struct sdk_sockets *all, uid_t uid, struct err *e)
{
    cleanup_free char *run = NULL, *docker = NULL;
    int r = home_run_folder(&run, e);
    if (r && r != ERR_NOT_FOUND)
        return r;
    r = home_docker_cache_folder(&docker, e);
    if (r && r != ERR_NOT_FOUND)
        return r;
    add(all, run, "engine.sock");
    if (uid == 0 && !str_equal(run, ROOT_FOLDER))
        add(all, ROOT_FOLDER, "engine.sock");
    add_docker(all, uid);
    add(all, docker, "engine.sock");
    return 0;
}

static int only(const char *text, struct sdk_sockets *out, struct err *e)
{
    out->n = 1;
    return sdk_socket_parse(text, &out->items[0], e);
}

/* Who has named one folder for all means no engine elsewhere. */
static int in_home(struct sdk_sockets *out, struct err *e)
{
    cleanup_free char *run = NULL;
    int r = home_run_folder(&run, e);
    if (r)
        return r;
    add(out, run, "engine.sock");
    return out->n ? 0
                  : err_set(e, ERR_INVALID_ARGUMENT,
                            "COFFER_HOME is too long for a socket in it: %s", run);
}

int sdk_sockets_find(const char *text, uid_t uid, struct sdk_sockets *out, struct err *e)
{
    bool is_own = uid == geteuid();
    const char *named = is_own ? environment("COFFER_ENGINE_SOCKET") : NULL;
    const char *home = is_own ? environment("COFFER_HOME") : NULL;
    out->n = 0;
    if (text || named)
        return only(text ? text : named, out, e);
    if (home && *home == '/')
        return in_home(out, e);
    if (is_own)
        return find_own(out, uid, e);
    find_others(out, uid);
    return 0;
}
