/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine says about itself, and how it says that something failed.
 */
#include <string.h>

#include "base/str.h"
#include "engine/docker_json.h"
#include "engine/docker_state.h"

/* The API that is spoken, unless the engine only knows later ones. */
#define API_MINOR 41

/* More than any machine has. */
#define CPUS_MAX 1000000

/* Go's names for machines; nodes are described by the kernel's. */
static const char *machine_name(const char *arch)
{
    if (str_equal(arch, "amd64"))
        return "x86_64";
    if (str_equal(arch, "arm64"))
        return "aarch64";
    return arch;
}

/* Plugin types of /info that a node tells its manager. */
static const char *const plugin_types[] = {"Volume", "Network", "Authorization", "Log"};

struct plugin_list {
    struct engine_plugin *plugins;
    size_t n;
};

static void add_plugin(struct plugin_list *l, const char *type, const char *name)
{
    for (size_t i = 0; i < l->n; i++) {
        if (str_equal(l->plugins[i].type, type) && str_equal(l->plugins[i].name, name))
            return;
    }
    if (l->n < DOCKER_PLUGINS_MAX && strlen(name) <= DOCKER_TEXT_MAX)
        l->plugins[l->n++] = (struct engine_plugin){type, name};
}

/* Networks that span hosts are told by the node itself when it can do them. */
static bool is_told(const char *type, const char *name)
{
    return name && !(str_equal(type, "Network") && str_equal(name, "overlay"));
}

static size_t read_plugins(const json_t *info, enum docker_kind kind,
                           struct engine_plugin *plugins)
{
    struct plugin_list l = {.plugins = plugins};
    json_t *all = docker_json_object(info, "Plugins");
    for (size_t t = 0; t < ARRAY_SIZE(plugin_types); t++) {
        size_t i;
        json_t *name;
        json_array_foreach(json_object_get(all, plugin_types[t]), i, name)
        {
            if (is_told(plugin_types[t], json_string_value(name)))
                add_plugin(&l, plugin_types[t], json_string_value(name));
        }
    }
    /* Podman has these under other names, or without naming them. */
    if (kind == DOCKER_PODMAN) {
        add_plugin(&l, "Network", "host");
        add_plugin(&l, "Network", "null");
        add_plugin(&l, "Log", "json-file");
    }
    return l.n;
}

int docker_info_from_json(const json_t *j, enum docker_kind kind,
                          struct engine_plugin *plugins, struct engine_info *out,
                          struct err *e)
{
    if (!json_is_object(j))
        return err_set(e, ERR_BAD_MESSAGE, "the engine's answer is no description");
    struct engine_info info = {.name = kind == DOCKER_PODMAN ? "podman" : "docker"};
    int64_t cpus = 0;
    int r = docker_json_read_text(j, "Name", DOCKER_TEXT_MAX, &info.hostname, e);
    r = r ?: docker_json_read_text(j, "OSType", DOCKER_TEXT_MAX, &info.os, e);
    r = r ?: docker_json_read_text(j, "Architecture", DOCKER_TEXT_MAX, &info.arch, e);
    r = r ?: docker_json_read_text(j, "ServerVersion", DOCKER_TEXT_MAX, &info.version, e);
    r = r ?: docker_json_read_int(j, "NCPU", 0, CPUS_MAX, &cpus, e);
    r = r ?: docker_json_read_int(j, "MemTotal", 0, INT64_MAX, &info.memory_bytes, e);
    if (r)
        return r;
    info.arch = machine_name(info.arch);
    info.nano_cpus = cpus * 1000000000;
    info.n_plugins = read_plugins(j, kind, plugins);
    info.plugins = plugins;
    *out = info;
    return 0;
}

/* The N of "1.N". */
static unsigned api_minor(const json_t *j, const char *key)
{
    const char *text = docker_json_text(j, key);
    uint64_t minor;
    if (!str_starts_with(text, "1.") || !str_to_u64(text + 2, &minor) || minor > 999)
        return 0;
    return (unsigned)minor;
}

int docker_version_from_json(const json_t *j, struct docker_version *out, struct err *e)
{
    if (!json_is_object(j))
        return err_set(e, ERR_BAD_MESSAGE, "the engine's answer is no version");
    const json_t *first = json_array_get(json_object_get(j, "Components"), 0);
    const char *name = docker_json_text(first, "Name");
    unsigned least = api_minor(j, "MinAPIVersion");
    out->kind = str_equal(name, "Podman Engine") ? DOCKER_PODMAN : DOCKER_DOCKERD;
    strcpy_cut(out->version, sizeof(out->version), docker_json_text(j, "Version"));
    snprintf(out->prefix, sizeof(out->prefix), "/v1.%u",
             least > API_MINOR ? least : API_MINOR);
    return 0;
}

/* ---- errors ---- */

/* Podman answers 500 for what isn't its fault, but names a cause. */
static const struct {
    const char *cause;
    int code;
} causes[] = {
    {"that name is already in use", ERR_ALREADY_EXISTS},
    {"container state improper", ERR_FAILED_PRECONDITION},
    {"no such container", ERR_NOT_FOUND},
    {"image not known", ERR_NOT_FOUND},
};

static int code_of_status(int status)
{
    switch (status) {
    case 400:
        return ERR_INVALID_ARGUMENT;
    case 401:
    case 403:
        return ERR_PERMISSION_DENIED;
    case 404:
        return ERR_NOT_FOUND;
    case 409:
        return ERR_CONFLICT;
    case 501:
        return ERR_UNIMPLEMENTED;
    default:
        return ERR_UNKNOWN;
    }
}

int docker_error(int status, const void *body, size_t n, struct err *e)
{
    int code = code_of_status(status);
    cleanup_json json_t *j = NULL;
    int r = docker_parse(body, n, &j, NULL);
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    if (r)
        return err_set(e, code, "the engine answered HTTP %d", status);
    const char *cause = docker_json_text(j, "cause");
    for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
        if (str_equal(cause, causes[i].cause))
            code = causes[i].code;
    }
    const char *text = docker_json_text(j, "message");
    if (!*text)
        return err_set(e, code, "the engine answered HTTP %d", status);
    return err_set(e, code, "%s", text);
}
