/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which plugins there are: each executable file of the plugin folders (the first of a
 * name counts), each plugins/NAME.conf with a command of its own, and one local store.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/home.h"
#include "base/log.h"
#include "base/macro.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/trust.h"
#include "engined/host_private.h"

#define OWN_PREFIX "coffer-plugin-"
#define SETTINGS_SUFFIX ".conf"

/* Cofferd's for users, where the plugin `swarm` looks for it. */
#define GRANTS_SOCKET "/run/coffer/grants.sock"

/* Entries of a folder that are looked at. */
#define ENTRIES_MAX 1024

static bool is_store_program(const char *name)
{
    return str_equal(name, "keychain") || str_equal(name, "file");
}

/* Somebody else's program must not run as this user. ERR_NOT_FOUND: there is none;
 * ERR_PERMISSION_DENIED. */
static int check_program(const char *path, struct err *e)
{
    struct stat st;
    if (stat(path, &st) || !S_ISREG(st.st_mode) || access(path, X_OK))
        return err_set(e, ERR_NOT_FOUND, "%s is no program", path);
    return trust_check_program(path, e);
}

/* ---- one plugin ---- */

/* Where a cofferd is, its secrets are to be had without more. */
static bool is_at_hand(const struct plugin *p)
{
    return str_equal(p->name, "swarm") && access(GRANTS_SOCKET, F_OK) == 0;
}

static bool is_enabled(const struct host *h, const struct plugin *p)
{
    const char *word = map_get(&h->switches, p->name);
    if (p->is_store)
        return true;
    if (word)
        return str_equal(word, "enabled");
    if (p->settings.has_enabled)
        return p->settings.is_enabled;
    return !p->is_optional || p->settings.is_there || is_at_hand(p);
}

/* Its pattern is known at once when the settings say one. */
static int take_pattern(struct plugin *p, struct err *e)
{
    const char *text = p->settings.pattern;
    struct pattern pattern;
    if (!text && p->is_store)
        text = "**";
    int r = text ? pattern_parse(&pattern, text, strlen(text), e) : 0;
    if (text && !r) {
        pattern_deinit(&p->pattern);
        p->pattern = pattern;
    }
    return r;
}

static int set_text(char **field, const char *value, struct err *e)
{
    char *copy = strdup(value);
    if (!copy)
        return err_no_memory(e);
    free(*field);
    *field = copy;
    return 0;
}

/* Looked at before each start: it may have changed since it was found. */
static int take_program(struct plugin *p, struct err *e)
{
    int r = p->settings.command ? set_text(&p->file, p->settings.command, e) : 0;
    if (!r)
        r = check_program(p->file, e);
    return r && r != ERR_NO_MEMORY ? err_wrap(e, r, "its program") : r;
}

int host_read_settings(struct plugin *p, struct err *e)
{
    struct plugin_settings settings;
    int r = plugin_settings_read(host_config(p->host)->config_folder, p->settings_name,
                                 p->takes_command, &settings, e);
    if (r)
        return r;
    plugin_settings_deinit(&p->settings);
    p->settings = settings;
    p->is_module = p->is_module || p->settings.controls_access;
    r = take_program(p, e);
    return r ? r : take_pattern(p, e);
}

/* What is known of a plugin before it runs. */
struct found {
    const char *name, *settings_name, *file;
    bool is_optional, takes_command;
};

static int add(struct host *h, const struct found *found,
               struct plugin_settings *settings, struct err *e)
{
    struct plugin *p;
    int r = plugin_new(h, found->name, found->file, settings, &p, e);
    if (r)
        return r;
    p->is_optional = found->is_optional;
    p->takes_command = found->takes_command;
    p->is_store = str_equal(found->name, HOST_STORE_NAME);
    p->is_module = p->settings.controls_access;
    p->is_enabled = is_enabled(h, p);
    r = set_text(&p->settings_name, found->settings_name, e);
    if (!r)
        r = take_pattern(p, e);
    if (!r)
        r = host_add(h, p, e);
    if (r)
        plugin_close(p, NULL);
    return r;
}

/* Settings that can't be read fail its start, which says so. */
static int add_program(struct host *h, const struct found *found, struct err *e)
{
    struct plugin_settings settings;
    int r = plugin_settings_read(h->config->config_folder, found->settings_name, true,
                                 &settings, e);
    if (r == ERR_NO_MEMORY)
        return r;
    if (r)
        settings = (struct plugin_settings){.is_there = true};
    r = add(h, found, &settings, e);
    plugin_settings_deinit(&settings);
    return r;
}

/* One plugin that is wrong keeps none of the others away. */
static int tolerate(int r, const struct err *e, const char *what)
{
    if (r && r != ERR_NO_MEMORY)
        log_warn("no plugin of %s: %s", what, err_text(e));
    return r == ERR_NO_MEMORY ? r : 0;
}

/* ---- folders ---- */

static int look_at_program(struct host *h, const char *folder, const char *entry,
                           struct err *e)
{
    bool is_own = str_starts_with(entry, OWN_PREFIX);
    const char *name = is_own ? entry + strlen(OWN_PREFIX) : entry;
    cleanup_free char *path = str_format("%s/%s", folder, entry);
    if (!path)
        return err_no_memory(e);
    if (!plugin_name_is_plain(name) || (is_own && is_store_program(name)) ||
        str_equal(name, HOST_STORE_NAME) || host_find(h, name))
        return 0;
    struct found found = {name, name, path, is_own, true};
    int r = check_program(path, e);
    if (r == ERR_NOT_FOUND)
        return 0;
    return tolerate(r ? r : add_program(h, &found, e), e, path);
}

/* It controls access, and is no program of ours: until it comes nobody gets anything. */
static bool must_connect(const struct plugin_settings *s)
{
    return s->controls_access && (!s->has_enabled || s->is_enabled);
}

static int look_at_settings(struct host *h, const char *folder, const char *entry,
                            struct err *e)
{
    struct plugin_settings settings;
    cleanup_free char *name = NULL;
    if (!str_ends_with(entry, SETTINGS_SUFFIX))
        return 0;
    name = str_format("%.*s", (int)(strlen(entry) - strlen(SETTINGS_SUFFIX)), entry);
    if (!name)
        return err_no_memory(e);
    if (!plugin_name_is_plain(name) || is_store_program(name) || host_find(h, name) ||
        str_equal(name, HOST_STORE_NAME))
        return 0;
    int r = plugin_settings_read(h->config->config_folder, name, false, &settings, e);
    if (!r && !settings.command && must_connect(&settings))
        r = host_add_guard(h, name, e);
    if (!r && settings.command) {
        cleanup_free char *file = strdup(settings.command);
        struct found found = {name, name, file, true, false};
        r = file ? add(h, &found, &settings, e) : err_no_memory(e);
    }
    if (!r || r == ERR_NO_MEMORY)
        plugin_settings_deinit(&settings);
    (void)folder;
    return tolerate(r, e, entry);
}

static int walk(struct host *h, const char *folder,
                int (*look)(struct host *h, const char *folder, const char *entry,
                            struct err *e),
                struct err *e)
{
    int r = 0;
    DIR *d = opendir(folder);
    if (!d && errno != ENOENT)
        log_warn("no plugins of %s: %s", folder, strerror(errno));
    const struct dirent *entry;
    for (int n = 0; d && !r && n < ENTRIES_MAX && (entry = readdir(d)); n++)
        r = look(h, folder, entry->d_name, e);
    if (d)
        closedir(d);
    return r;
}

/* ---- the local store ---- */

/* The path of a store's program, in the first folder that has it. ERR_NOT_FOUND. */
static int find_store(const struct host *h, const char *program, char **out,
                      struct err *e)
{
    int r = ERR_NOT_FOUND;
    for (size_t i = 0; i < h->config->n_plugin_folders && r == ERR_NOT_FOUND; i++) {
        cleanup_free char *path =
            str_format("%s/" OWN_PREFIX "%s", h->config->plugin_folders[i], program);
        if (!path)
            return err_no_memory(e);
        r = check_program(path, e);
        if (!r)
            *out = TAKE(path);
    }
    if (r != ERR_NOT_FOUND)
        return r;
    return err_set(e, r,
                   "the program " OWN_PREFIX "%s is not in %s: install coffer's plugins, "
                   "or name their folder in engine.conf (plugin-dir)",
                   program, h->config->plugin_folders[0]);
}

int host_make_store(struct host *h, const char *program, struct err *e)
{
    cleanup_free char *path = NULL;
    struct plugin *old = host_store(h);
    int r = find_store(h, program, &path, e);
    if (r)
        return r;
    if (old)
        host_remove(h, old);
    h->store_program = program;
    struct found found = {HOST_STORE_NAME, program, path, false, true};
    return add_program(h, &found, e);
}

/* A Secret Service can only be on a session bus. */
static int find_session_bus(bool *is_there, struct err *e)
{
    struct stat st;
    cleanup_free char *session = NULL, *bus = NULL;
    int r = home_session_folder(&session, e);
    if (r)
        return r;
    bus = str_format("%s/bus", session ? session : "");
    if (!bus)
        return err_no_memory(e);
    *is_there = !str_is_empty(getenv("DBUS_SESSION_BUS_ADDRESS")) ||
                (session && stat(bus, &st) == 0 && S_ISSOCK(st.st_mode));
    return 0;
}

static int choose_store(struct host *h, struct err *e)
{
    bool is_auto = h->config->store == STORE_AUTO, has_bus = false;
    int r = find_session_bus(&has_bus, e);
    if (r)
        return r;
    bool is_keychain = h->config->store == STORE_KEYCHAIN || (is_auto && has_bus);
    r = is_keychain ? host_make_store(h, "keychain", e) : ERR_NOT_FOUND;
    h->may_switch_store = !r && is_auto;
    if (r == ERR_NOT_FOUND && (is_auto || !is_keychain))
        r = host_make_store(h, "file", e);
    if (r)
        h->no_store = *e;
    return tolerate(r, e, "the local store");
}

int host_look_again(struct host *h, struct err *e)
{
    int r = 0;
    cleanup_free char *settings = str_format("%s/plugins", h->config->config_folder);
    if (!settings)
        return err_no_memory(e);
    for (size_t i = 0; i < h->config->n_plugin_folders && !r; i++)
        r = walk(h, h->config->plugin_folders[i], look_at_program, e);
    return r ? r : walk(h, settings, look_at_settings, e);
}

int host_discover(struct host *h, struct err *e)
{
    int r = choose_store(h, e);
    return r ? r : host_look_again(h, e);
}
