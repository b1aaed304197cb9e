/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/settings.h"
#include "base/str.h"

#define CONFIG_FILE_DEFAULT "/etc/coffer/cofferd.conf"
#define CONFIG_FILE_MAX 65536

/* One row a setting: all that is known of it. */
struct setting {
    const char *name;
    const char *fallback; /* NULL: none */
    size_t offset;
    const char *value_name;
    const char *help;
};

static const struct setting settings[] = {
    {"engine", NULL, offsetof(struct config, engine), "unix://PATH",
     "the container engine's API socket; without it cofferd starts Podman itself"},
    {"state-dir", "/var/lib/coffer", offsetof(struct config, state_dir), "PATH",
     "where the cluster's state is kept"},
    {"run-dir", "/run/coffer", offsetof(struct config, run_dir), "PATH",
     "where sockets and the secrets file system are"},
    {"socket", NULL, offsetof(struct config, socket), "PATH",
     "the API's socket (default RUN-DIR/coffer.sock)"},
    {"group", "coffer", offsetof(struct config, group), "NAME",
     "the group that may use the API; root alone if there is no such group"},
    {"log-level", "info", offsetof(struct config, log_level), "LEVEL",
     "error, warn, info or debug"},
    {"secret-fallback", "true", offsetof(struct config, secret_fallback), "BOOL",
     "an empty variable KEY of a container is the secret KEY of the caller, if there is "
     "one"},
    {"advertise-addr", NULL, offsetof(struct config, advertise_addr), "ADDRESS",
     "the address of this node that other nodes are told"},
};

static char **field_of(struct config *c, const struct setting *s)
{
    return (char **)(void *)((char *)c + s->offset);
}

static const struct setting *find_setting(const char *name, size_t n)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
        if (strlen(settings[i].name) == n && memcmp(settings[i].name, name, n) == 0)
            return &settings[i];
    return NULL;
}

/* Takes a value unless something that goes before has said one. */
static int set_if_unset(char **field, const char *value)
{
    if (*field)
        return 0;
    *field = strdup(value);
    return *field ? 0 : ERR_NO_MEMORY;
}

/* ---- flags ---- */

struct flags {
    char *config_file;
    bool no_auto_init;
    enum config_verb verb;
};

/* "--name value" or "--name=value": *value is where the value begins; *i moves on over
 * one that stands alone. */
static int flag_value(int argc, char **argv, int *i, size_t name_len, const char **value,
                      struct err *e)
{
    const char *arg = argv[*i];
    if (arg[2 + name_len] == '=') {
        *value = arg + 2 + name_len + 1;
        return 0;
    }
    if (*i + 1 >= argc)
        return err_set(e, ERR_INVALID_ARGUMENT, "%s needs a value; see cofferd --help",
                       arg);
    *value = argv[++*i];
    return 0;
}

static bool is_simple_flag(struct flags *f, const char *arg)
{
    if (str_equal(arg, "--help") || str_equal(arg, "-h"))
        f->verb = CONFIG_HELP;
    else if (str_equal(arg, "--version") || str_equal(arg, "-v"))
        f->verb = CONFIG_VERSION;
    else if (str_equal(arg, "--no-auto-init"))
        f->no_auto_init = true;
    else
        return false;
    return true;
}

static int parse_flag(struct config *c, struct flags *f, int argc, char **argv, int *i,
                      struct err *e)
{
    const char *arg = argv[*i], *value = NULL;
    if (is_simple_flag(f, arg))
        return 0;
    if (!str_starts_with(arg, "--"))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "unexpected argument '%s'; see cofferd --help", arg);
    size_t n = strcspn(arg + 2, "=");
    const struct setting *s = find_setting(arg + 2, n);
    bool is_file = n == strlen("config") && str_starts_with(arg + 2, "config");
    if (!s && !is_file)
        return err_set(e, ERR_INVALID_ARGUMENT, "unknown flag '%.*s'; see cofferd --help",
                       (int)n + 2, arg);
    int r = flag_value(argc, argv, i, n, &value, e);
    if (r)
        return r;
    char **field = s ? field_of(c, s) : &f->config_file;
    free(*field);
    *field = strdup(value);
    return *field ? 0 : err_no_memory(e);
}

/* ---- environment ---- */

static void variable_name(const struct setting *s, char out[64])
{
    snprintf(out, 64, "COFFER_%s", s->name);
    for (char *p = out; *p; p++)
        *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
}

static int take_environment(struct config *c, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        char name[64];
        variable_name(&settings[i], name);
        const char *value = getenv(name);
        if (!str_is_empty(value) && set_if_unset(field_of(c, &settings[i]), value))
            return err_no_memory(e);
    }
    return 0;
}

/* ---- the file ---- */

static int take_auto_init(struct flags *f, const char *value)
{
    if (str_equal(value, "false"))
        f->no_auto_init = true;
    return str_equal(value, "true") || str_equal(value, "false") ? 0
                                                                 : ERR_INVALID_ARGUMENT;
}

struct file {
    struct config *c;
    struct flags *flags;
};

static int take_line(const char *name, const char *value, void *user, struct err *e)
{
    struct file *file = user;
    if (str_equal(name, "auto-init"))
        return take_auto_init(file->flags, value)
                   ? err_set(e, ERR_INVALID_ARGUMENT,
                             "auto-init is 'true' or 'false', not '%s'", value)
                   : 0;
    const struct setting *s = find_setting(name, strlen(name));
    if (!s)
        return err_set(e, ERR_INVALID_ARGUMENT, "unknown setting '%s'", name);
    return set_if_unset(field_of(file->c, s), value) ? err_no_memory(e) : 0;
}

static int take_file(struct config *c, struct flags *f, struct err *e)
{
    const char *path = f->config_file ? f->config_file : CONFIG_FILE_DEFAULT;
    cleanup_buf struct buf text = BUF_INIT;
    int r = file_read(path, CONFIG_FILE_MAX, &text, e);
    if (r == ERR_NOT_FOUND && !f->config_file)
        return 0;
    if (r)
        return r;
    struct file file = {c, f};
    r = text.len ? settings_read(text.data, take_line, &file, e) : 0;
    return r ? err_wrap(e, r, "%s", path) : 0;
}

/* ---- defaults and checks ---- */

static int take_defaults(struct config *c, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
        if (settings[i].fallback &&
            set_if_unset(field_of(c, &settings[i]), settings[i].fallback))
            return err_no_memory(e);
    if (!c->socket)
        c->socket = str_format("%s/coffer.sock", c->run_dir);
    return c->socket ? 0 : err_no_memory(e);
}

static int check(const struct config *c, struct err *e)
{
    if (c->engine && (!str_starts_with(c->engine, "unix:///")))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "engine '%s': only unix:///PATH is supported", c->engine);
    if (log_level_from_name(c->log_level) < 0)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "log-level '%s' is none of error, warn, info, debug",
                       c->log_level);
    if (!str_equal(c->secret_fallback, "true") && !str_equal(c->secret_fallback, "false"))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "secret-fallback is 'true' or 'false', not '%s'",
                       c->secret_fallback);
    if (c->state_dir[0] != '/' || c->run_dir[0] != '/' || c->socket[0] != '/')
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "state-dir, run-dir and socket must be absolute paths");
    return 0;
}

static int parse(struct config *c, struct flags *f, int argc, char **argv, struct err *e)
{
    for (int i = 1; i < argc; i++) {
        int r = parse_flag(c, f, argc, argv, &i, e);
        if (r)
            return r;
    }
    if (f->verb != CONFIG_RUN)
        return 0;
    int r = take_environment(c, e);
    if (!r)
        r = take_file(c, f, e);
    if (!r)
        r = take_defaults(c, e);
    c->auto_init = !f->no_auto_init;
    c->secret_fallback_is_on = str_equal(c->secret_fallback, "true");
    return r ? r : check(c, e);
}

int config_parse(struct config *c, int argc, char **argv, enum config_verb *verb,
                 struct err *e)
{
    *c = (struct config){0};
    struct flags f = {.verb = CONFIG_RUN};
    int r = parse(c, &f, argc, argv, e);
    free(f.config_file);
    if (r)
        config_deinit(c);
    else
        *verb = f.verb;
    return r;
}

void config_deinit(struct config *c)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
        free(*field_of(c, &settings[i]));
    *c = (struct config){0};
}

void config_print_help(FILE *out)
{
    fprintf(
        out,
        "Usage: cofferd [FLAGS]\n\n"
        "The node daemon of coffer: swarm-mode services and their secrets on the\n"
        "container engine that is there. `docker` and `coffer` talk to its socket.\n\n"
        "Flags:\n");
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        const struct setting *s = &settings[i];
        fprintf(out, "  --%-14s %-12s %s", s->name, s->value_name, s->help);
        fprintf(out, s->fallback ? " (default %s)\n" : "\n", s->fallback);
    }
    fprintf(out,
            "  --%-14s %-12s settings, one 'name = value' a line (default %s)\n"
            "  --%-14s %-12s wait for `swarm init` instead of being a swarm of one\n"
            "  --%-14s %-12s this text\n  --%-14s %-12s the version\n\n"
            "Each flag can be set in the environment too: COFFER_STATE_DIR for "
            "--state-dir.\n",
            "config", "FILE", CONFIG_FILE_DEFAULT, "no-auto-init", "", "help", "",
            "version", "");
}
