/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/home.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/settings.h"
#include "base/str.h"
#include "base/trust.h"
#include "engined/install.h"

#define CONFIG_FILE "engine.conf"
#define CONFIG_FILE_MAX 65536
#define PROGRAM_PATH_MAX 4096

/* Docker's own plugins, where they are installed. */
#define DOCKER_PLUGIN_FOLDER "/opt/docker/secrets-engine/plugins"

/* A setting of the file; those with a flag have it under the same name. */
struct setting {
    const char *name;
    int (*set)(struct config *c, const char *value, struct err *e);
    const char *value_name;
    const char *help;
};

static int refuse_value(struct err *e, const char *value, const char *wanted)
{
    return err_set(e, ERR_INVALID_ARGUMENT, "'%s' is not %s", value, wanted);
}

static int set_text(char **field, const char *value, struct err *e)
{
    free(*field);
    *field = strdup(value);
    return *field ? 0 : err_no_memory(e);
}

static int set_path(char **field, const char *value, struct err *e)
{
    if (*value != '/')
        return refuse_value(e, value, "an absolute path");
    return set_text(field, value, e);
}

static int set_duration(int64_t *field, const char *value, struct err *e)
{
    int64_t d;
    if (!clock_parse_duration(value, &d) || d < 0)
        return refuse_value(e, value, "a duration such as 30s or 5m");
    *field = d;
    return 0;
}

/* Which of three words it is. */
static bool find_word(const char *const words[3], const char *value, int *out)
{
    for (int i = 0; i < 3; i++)
        if (str_equal(value, words[i])) {
            *out = i;
            return true;
        }
    return false;
}

static int set_store(struct config *c, const char *value, struct err *e)
{
    static const char *const words[] = {"auto", "keychain", "file"};
    int i;
    if (!find_word(words, value, &i))
        return refuse_value(e, value, "one of auto, keychain, file");
    c->store = (enum store_choice)i;
    return 0;
}

static int set_docker_sockets(struct config *c, const char *value, struct err *e)
{
    static const char *const words[] = {"auto", "yes", "no"};
    int i;
    if (!find_word(words, value, &i))
        return refuse_value(e, value, "one of auto, yes, no");
    c->docker_sockets = (enum docker_choice)i;
    return 0;
}

static int set_failure_rule(struct config *c, const char *value, struct err *e)
{
    static const char *const words[] = {"ignore", "report", "fail"};
    int i;
    if (!find_word(words, value, &i))
        return refuse_value(e, value, "one of ignore, report, fail");
    c->failure_rule = (enum merge_rule)i;
    return 0;
}

static int set_request_timeout(struct config *c, const char *value, struct err *e)
{
    int r = set_duration(&c->request_timeout, value, e);
    if (!r && !c->request_timeout)
        r = refuse_value(e, value, "a time in which anything can be done");
    return r;
}

static int set_idle_timeout(struct config *c, const char *value, struct err *e)
{
    return set_duration(&c->idle_timeout, value, e);
}

static int set_retry_time(struct config *c, const char *value, struct err *e)
{
    return set_duration(&c->retry_time, value, e);
}

static int set_cache(struct config *c, const char *value, struct err *e)
{
    return set_duration(&c->cache, value, e);
}

static int set_policy(struct config *c, const char *value, struct err *e)
{
    return set_path(&c->policy, value, e);
}

static int set_prompt(struct config *c, const char *value, struct err *e)
{
    return set_path(&c->prompt, value, e);
}

static int set_socket(struct config *c, const char *value, struct err *e)
{
    if (*value != '/' && *value != '@')
        return refuse_value(e, value, "an absolute path, or '@' and an abstract name");
    return set_text(&c->socket, value, e);
}

static int add_plugin_folder(struct config *c, const char *value, struct err *e)
{
    if (c->n_plugin_folders == PLUGIN_FOLDERS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d folders of plugins",
                       PLUGIN_FOLDERS_MAX);
    int r = set_path(&c->plugin_folders[c->n_plugin_folders], value, e);
    c->n_plugin_folders += r ? 0 : 1;
    return r;
}

static int set_log_level(struct config *c, const char *value, struct err *e)
{
    int level = log_level_from_name(value);
    if (level < 0)
        return refuse_value(e, value, "one of error, warn, info, debug");
    c->log_level = level;
    return 0;
}

static const struct setting settings[] = {
    {"socket", set_socket, "PATH", "listen there alone"},
    {"docker-sockets", set_docker_sockets, "WORD",
     "serve the sockets of Docker's engine, too: auto (the default: without a "
     "COFFER_HOME), yes or no"},
    {"plugin-dir", add_plugin_folder, "PATH",
     "where plugins are, instead of the usual folders; may be given again"},
    {"store", set_store, "WORD", "the local store: auto (the default), keychain or file"},
    {"plugin-failure", set_failure_rule, "WORD",
     "a matching plugin that failed: report (when no other found anything; the "
     "default), fail or ignore"},
    {"request-timeout", set_request_timeout, "TIME", "for a plugin's answer (30s)"},
    {"idle-timeout", set_idle_timeout, "TIME",
     "when to stop if started on demand (10m); 0s: never"},
    {"retry-time", set_retry_time, "TIME",
     "for how long a plugin that fails is started again (2m)"},
    {"cache", set_cache, "TIME", "how long values are kept (0s: not at all)"},
    {"policy", set_policy, "FILE", "what is allowed, denied or asked"},
    {"prompt", set_prompt, "COMMAND", "the program that asks a person"},
    {"log-level", set_log_level, "LEVEL", "error, warn, info or debug"},
};

static const struct setting *find_setting(const char *name, size_t n)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
        if (strlen(settings[i].name) == n && memcmp(settings[i].name, name, n) == 0)
            return &settings[i];
    return NULL;
}

/* ---- flags ---- */

struct flags {
    int argc, at;
    char **argv;
    enum config_verb verb;
    bool is_set[ARRAY_SIZE(settings)]; /* the file doesn't count */
};

static int set_ready_fd(struct config *c, const char *value, struct err *e)
{
    uint64_t fd;
    if (!str_to_u64(value, &fd) || fd < 3 || fd > 1023)
        return refuse_value(e, value, "a descriptor from 3 to 1023");
    c->ready_fd = (int)fd;
    return 0;
}

static bool is_simple_flag(struct config *c, struct flags *f, const char *arg)
{
    if (str_equal(arg, "--help") || str_equal(arg, "-h"))
        f->verb = CONFIG_HELP;
    else if (str_equal(arg, "--version") || str_equal(arg, "-v"))
        f->verb = CONFIG_VERSION;
    else if (str_equal(arg, "--on-demand"))
        c->is_on_demand = true;
    else
        return false;
    return true;
}

/* "--name value" or "--name=value" */
static int flag_value(struct flags *f, size_t n, const char **value, struct err *e)
{
    const char *arg = f->argv[f->at];
    if (arg[2 + n] == '=') {
        *value = arg + 2 + n + 1;
        return 0;
    }
    if (f->at + 1 >= f->argc)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "%s needs a value; see coffer-engined --help", arg);
    *value = f->argv[++f->at];
    return 0;
}

static int take_flag(struct config *c, struct flags *f, struct err *e)
{
    const char *arg = f->argv[f->at], *value = NULL;
    if (is_simple_flag(c, f, arg))
        return 0;
    size_t n = str_starts_with(arg, "--") ? strcspn(arg + 2, "=") : 0;
    const struct setting *s = n ? find_setting(arg + 2, n) : NULL;
    bool is_ready = n == strlen("ready-fd") && str_starts_with(arg, "--ready-fd");
    if (!s && !is_ready)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "unknown argument '%s'; see coffer-engined --help", arg);
    int r = flag_value(f, n, &value, e);
    if (!r && s)
        f->is_set[s - settings] = true;
    if (!r)
        r = s ? s->set(c, value, e) : set_ready_fd(c, value, e);
    return r && r != ERR_NO_MEMORY ? err_wrap(e, r, "%s", arg) : r;
}

/* ---- the file ---- */

struct file {
    struct config *c;
    const struct flags *flags;
};

static int take_line(const char *name, const char *value, void *user, struct err *e)
{
    struct file *file = user;
    const struct setting *s = find_setting(name, strlen(name));
    if (!s)
        return err_set(e, ERR_INVALID_ARGUMENT, "unknown setting '%s'", name);
    if (file->flags->is_set[s - settings])
        return 0;
    int r = s->set(file->c, value, e);
    return r ? err_wrap(e, r, "%s", name) : 0;
}

static int take_file(struct config *c, const struct flags *f, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_free char *path = str_format("%s/%s", c->config_folder, CONFIG_FILE);
    if (!path)
        return err_no_memory(e);
    int r = trust_check_folder_of(path, e); /* also when it has no such file */
    if (!r)
        r = file_read_trusted(path, CONFIG_FILE_MAX, &text, e);
    if (r)
        return r == ERR_NOT_FOUND ? 0 : r;
    struct file file = {c, f};
    r = text.len ? settings_read(text.data, take_line, &file, e) : 0;
    return r ? err_wrap(e, r, "%s", path) : 0;
}

/* ---- defaults ---- */

static int take_environment(struct config *c, struct err *e)
{
    const char *socket = getenv("COFFER_ENGINE_SOCKET");
    if (c->socket || str_is_empty(socket))
        return 0;
    int r = set_socket(c, socket, e);
    return r ? err_wrap(e, r, "COFFER_ENGINE_SOCKET") : 0;
}

static int take_folders(struct config *c, struct err *e)
{
    int r = home_config_folder(&c->config_folder, e);
    if (!r)
        r = home_data_folder(&c->data_folder, e);
    return r ? r : home_run_folder(&c->run_folder, e);
}

/* Where a build tree has our plugins; NULL: this program isn't in one. */
static int find_tree(char **out, struct err *e)
{
    char self[PROGRAM_PATH_MAX];
    *out = NULL;
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (!slash)
        return 0;
    *slash = '\0';
    cleanup_free char *folder = str_format("%s/../plugins", self);
    cleanup_free char *file = str_format("%s/../plugins/coffer-plugin-file", self);
    if (!folder || !file)
        return err_no_memory(e);
    if (access(file, X_OK) == 0)
        *out = TAKE(folder);
    return 0;
}

static int take_plugin_folders(struct config *c, struct err *e)
{
    cleanup_free char *tree = NULL;
    if (c->n_plugin_folders)
        return 0;
    int r = find_tree(&tree, e);
    if (!r)
        r = add_plugin_folder(c, tree ? tree : COFFER_PLUGIN_FOLDER, e);
    return r ? r : add_plugin_folder(c, DOCKER_PLUGIN_FOLDER, e);
}

static int load(struct config *c, struct flags *f, struct err *e)
{
    int r = 0;
    for (f->at = 1; f->at < f->argc && !r; f->at++)
        r = take_flag(c, f, e);
    if (r || f->verb != CONFIG_RUN)
        return r;
    r = take_folders(c, e);
    if (!r)
        r = take_environment(c, e);
    if (!r)
        r = take_file(c, f, e);
    return r ? r : take_plugin_folders(c, e);
}

int config_load(struct config *c, int argc, char **argv, enum config_verb *verb,
                struct err *e)
{
    struct flags f = {.argc = argc, .argv = argv, .verb = CONFIG_RUN};
    *c = (struct config){
        .failure_rule = MERGE_FAIL_WHEN_EMPTY,
        .request_timeout = 30 * CLOCK_SECOND,
        .idle_timeout = 10 * CLOCK_MINUTE,
        .retry_time = 2 * CLOCK_MINUTE,
        .log_level = LOG_INFO,
        .ready_fd = -1,
    };
    int r = load(c, &f, e);
    if (r)
        config_deinit(c);
    else
        *verb = f.verb;
    return r;
}

void config_deinit(struct config *c)
{
    free(TAKE(c->config_folder));
    free(TAKE(c->data_folder));
    free(TAKE(c->run_folder));
    free(TAKE(c->socket));
    free(TAKE(c->policy));
    free(TAKE(c->prompt));
    for (size_t i = 0; i < PLUGIN_FOLDERS_MAX; i++)
        free(TAKE(c->plugin_folders[i]));
    c->n_plugin_folders = 0;
}

void config_print_help(FILE *out)
{
    fprintf(out, "Usage: coffer-engined [FLAGS]\n\n"
                 "The secrets engine of one user: resolves se:// references through its\n"
                 "plugins. `coffer pass` starts it when it is needed.\n\n"
                 "Flags, and settings of engine.conf in ~/.config/coffer:\n");
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
        fprintf(out, "  --%-16s %-8s %s\n", settings[i].name, settings[i].value_name,
                settings[i].help);
    fprintf(
        out,
        "  --%-16s %-8s stop when nothing was asked for some time\n"
        "  --%-16s %-8s a pipe: a line \"ready\" is written there, then it is closed\n"
        "  --%-16s %-8s this text\n  --%-16s %-8s the version\n",
        "on-demand", "", "ready-fd", "FD", "help", "", "version", "");
}
