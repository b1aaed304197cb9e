/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/allowance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/home.h"
#include "base/macro.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "engined/confine.h"

/* ---- what our own plugins need ---- */

struct program {
    const char *name;
    enum confinement degree;
    bool is_offline;
};

/* What exec runs are the user's own commands, which need whatever they need. */
static const struct program programs[] = {
    {"coffer-plugin-exec", CONFINEMENT_CALLS, false},
    {"coffer-plugin-file", CONFINEMENT_FULL, true},
    {"coffer-plugin-keychain", CONFINEMENT_FULL, true},
    {"coffer-plugin-pass", CONFINEMENT_FULL, true},
    {"coffer-plugin-swarm", CONFINEMENT_FULL, true},
};
static const struct program others = {"", CONFINEMENT_FULL, false};

enum base {
    BASE_ROOT,
    BASE_HOME,
    BASE_CONFIG, /* XDG's */
    BASE_RUN,
    BASE_OUR_CONFIG,
    BASE_OUR_DATA,
};

/* A place: that of the setting, else that of the variable, else below the base. One that
 * is to be written counts only if it isn't wide. */
struct need {
    const char *program;
    char right;
    enum base base;
    const char *below;
    const char *setting, *variable; /* NULL: none */
    bool is_above;                  /* the folder that it is in */
    bool is_made;
};

static const struct need needs[] = {
    {"coffer-plugin-file", CONFINE_WRITE, BASE_OUR_DATA, "/store", "folder", NULL, false,
     true},
    {"coffer-plugin-file", CONFINE_WRITE, BASE_OUR_CONFIG, "/keys/store", "key", NULL,
     true, true},
    /* where earlier versions had it */
    {"coffer-plugin-file", CONFINE_READ, BASE_OUR_CONFIG, "/key", NULL, NULL, false,
     false},
    /* a key that systemd gives, or that systemd-creds opens */
    {"coffer-plugin-file", CONFINE_READ, BASE_ROOT, "/run/credentials", NULL,
     "CREDENTIALS_DIRECTORY", false, false},
    {"coffer-plugin-file", CONFINE_READ, BASE_ROOT, "/var/lib/systemd", NULL, NULL, false,
     false},
    {"coffer-plugin-file", CONFINE_DEVICE, BASE_ROOT, "/dev/tpmrm0", NULL, NULL, false,
     false},
    {"coffer-plugin-pass", CONFINE_WRITE, BASE_HOME, "/.password-store", "folder",
     "PASSWORD_STORE_DIR", false, false},
    {"coffer-plugin-pass", CONFINE_WRITE, BASE_HOME, "/.gnupg", NULL, "GNUPGHOME", false,
     false},
    {"coffer-plugin-pass", CONFINE_WRITE, BASE_RUN, "/gnupg", NULL, NULL, false, false},
    {"coffer-plugin-pass", CONFINE_READ, BASE_HOME, "/.gitconfig", NULL, NULL, false,
     false},
    {"coffer-plugin-pass", CONFINE_READ, BASE_CONFIG, "/git", NULL, NULL, false, false},
    {"coffer-plugin-pass", CONFINE_READ, BASE_HOME, "/.Xauthority", NULL, "XAUTHORITY",
     false, false},
    {"coffer-plugin-pass", CONFINE_DEVICE, BASE_ROOT, "/dev/tty", NULL, NULL, false,
     false},
    {"coffer-plugin-pass", CONFINE_DEVICE, BASE_ROOT, "/dev/pts", NULL, NULL, false,
     false},
    {"coffer-plugin-pass", CONFINE_DEVICE, BASE_ROOT, "/dev/bus/usb", NULL, NULL, false,
     false},
    {"coffer-plugin-onepassword", CONFINE_WRITE, BASE_CONFIG, "/op", NULL, NULL, false,
     false},
    {"coffer-plugin-onepassword", CONFINE_WRITE, BASE_HOME, "/.op", NULL, NULL, false,
     false},
};

static const char *program_name(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash ? slash + 1 : file;
}

static const struct program *find_program(const char *file)
{
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
        if (str_equal(programs[i].name, program_name(file)))
            return &programs[i];
    return &others;
}

/* ---- paths ---- */

static const char *absolute(const char *path)
{
    return path && *path == '/' ? path : NULL;
}

static const char *setting_of(const struct plugin_settings *s, const char *key)
{
    for (size_t i = 0; key && i < s->n_lines; i++)
        if (str_equal(s->lines[i].key, key))
            return s->lines[i].value;
    return NULL;
}

/* NULL when there is no such base. session: that folder, or NULL. */
static const char *folder_of(const struct config *c, enum base base, const char *session)
{
    const char *config = absolute(getenv("XDG_CONFIG_HOME"));
    switch (base) {
    case BASE_HOME:
        return absolute(getenv("HOME"));
    case BASE_CONFIG:
        return config ? config : absolute(getenv("HOME"));
    case BASE_RUN:
        return session;
    case BASE_OUR_CONFIG:
        return c->config_folder;
    case BASE_OUR_DATA:
        return c->data_folder;
    default:
        return "";
    }
}

/* An absolute path, or "" when there is no such base. */
static int below(const struct config *c, enum base base, const char *rest, char **out,
                 struct err *e)
{
    cleanup_free char *session = NULL;
    int r = home_session_folder(&session, e);
    if (r)
        return r;
    bool is_in_home = base == BASE_CONFIG && !absolute(getenv("XDG_CONFIG_HOME"));
    const char *folder = folder_of(c, base, session);
    *out = str_format("%s%s%s", folder ? folder : "",
                      folder && is_in_home ? "/.config" : "", folder ? rest : "");
    return *out ? 0 : err_no_memory(e);
}

static int allow(struct allowance *a, char right, const char *path, struct err *e)
{
    if (!absolute(path))
        return 0;
    if (a->n == ALLOWANCE_PATHS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d paths are allowed it",
                       ALLOWANCE_PATHS_MAX);
    char *word = str_format("%c%s", right, path);
    if (!word)
        return err_no_memory(e);
    a->paths[a->n++] = word;
    return 0;
}

/* Where a path leads, as far as it is there; NULL without memory. */
static char *real_part(const char *path)
{
    cleanup_free char *part = strdup(path);
    char *real = part ? realpath(part, NULL) : NULL;
    while (part && !real && errno != ENOMEM && !str_equal(part, "/")) {
        char *slash = strrchr(part, '/');
        slash[slash == part ? 1 : 0] = '\0';
        real = realpath(part, NULL);
    }
    return real;
}

/* Is what stands at the path, or will, in the folder? That is there, and a real path.
 * What can't be known is. */
static bool is_in(const char *path, const char *folder)
{
    if (!absolute(path))
        return false;
    cleanup_free char *real = real_part(path);
    return !real || path_is_within(real, folder);
}

/* One in which is more than what a plugin needs: who may write there writes what the
 * engine goes by, or all that is the user's. */
static bool is_wide(const struct config *c, const char *folder)
{
    cleanup_free char *settings = str_format("%s/plugins", c->config_folder);
    const char *const more[] = {c->config_folder, c->data_folder, settings,
                                c->policy,        c->prompt,      getenv("HOME")};
    bool is = !settings;
    for (size_t i = 0; i < ARRAY_SIZE(more); i++)
        is = is || is_in(more[i], folder);
    for (size_t i = 0; i < c->n_plugin_folders; i++)
        is = is || is_in(c->plugin_folders[i], folder);
    return is;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The real path: a link could lead elsewhere by the time that it is used. */
static int allow_write(struct allowance *a, const struct config *c, const char *path,
                       struct err *e)
{
    cleanup_free char *real = realpath(path, NULL);
    if (!real && errno == ENOMEM)
        return err_no_memory(e);
    bool is_fit = real && is_folder(real) && !is_wide(c, real);
    return is_fit ? allow(a, CONFINE_WRITE, real, e) : 0;
}

/* What can't be made the plugin itself will complain of. */
static int allow_need(struct allowance *a, const struct config *c, const struct need *n,
                      const struct plugin_settings *s, struct err *e)
{
    const char *variable = n->variable ? absolute(getenv(n->variable)) : NULL;
    const char *named = absolute(setting_of(s, n->setting));
    named = named ? named : variable;
    cleanup_free char *path = named ? strdup(named) : NULL;
    int r = named ? 0 : below(c, n->base, n->below, &path, e);
    if (r || !path)
        return r ? r : err_no_memory(e);
    char *slash = n->is_above ? strrchr(path, '/') : NULL;
    if (slash)
        *slash = '\0';
    if (n->is_made && *path)
        (void)!file_make_folders(path, NULL);
    return n->right == CONFINE_WRITE ? allow_write(a, c, path, e)
                                     : allow(a, n->right, path, e);
}

static int allow_program(struct allowance *a, const struct config *c, const char *file,
                         const struct plugin_settings *s, struct err *e)
{
    const char *name = program_name(file);
    int r = allow(a, CONFINE_READ, file, e);
    for (size_t i = 0; i < ARRAY_SIZE(needs) && !r; i++)
        if (str_equal(needs[i].program, name))
            r = allow_need(a, c, &needs[i], s, e);
    return r;
}

/* ---- what its user says ---- */

static int allow_settings(struct allowance *a, const struct plugin_settings *s,
                          struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < s->n_lines && !r; i++)
        r = allow(a, CONFINE_READ, s->lines[i].value, e);
    for (size_t i = 0; i < s->n_paths && !r; i++)
        r = allow(a, s->paths[i].is_writable ? CONFINE_WRITE : CONFINE_READ,
                  s->paths[i].path, e);
    for (size_t i = 0; i < s->n_paths && !r; i++)
        if (s->paths[i].is_writable) /* what may be written may be executed, too */
            r = allow(a, CONFINE_READ, s->paths[i].path, e);
    if (s->confinement != CONFINEMENT_DEFAULT)
        a->degree = s->confinement;
    if (s->has_network)
        a->is_offline = !s->allows_network;
    if (s->memory)
        a->memory = s->memory;
    return r;
}

static int make_own_folder(struct allowance *a, const struct config *c, const char *name,
                           struct err *e)
{
    cleanup_free char *path = str_format("%s/state/%s", c->data_folder, name);
    if (!path)
        return err_no_memory(e);
    if (file_make_folders(path, NULL))
        return 0; /* a data folder that can only be read */
    int r = allow(a, CONFINE_WRITE, path, e);
    if (!r)
        a->own_folder = TAKE(path);
    return r;
}

int allowance_make(const struct config *c, const char *name, const char *file,
                   const struct plugin_settings *s, struct allowance *out, struct err *e)
{
    const struct program *program = find_program(file);
    struct allowance a = {.degree = program->degree,
                          .is_offline = program->is_offline,
                          .memory = ALLOWANCE_MEMORY};
    int r = allow_program(&a, c, file, s, e);
    if (!r)
        r = allow_settings(&a, s, e);
    if (!r && a.degree == CONFINEMENT_FULL)
        r = make_own_folder(&a, c, name, e);
    if (r)
        allowance_deinit(&a);
    else
        *out = a;
    return r;
}

void allowance_deinit(struct allowance *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->paths[i]);
    free(a->own_folder);
    *a = (struct allowance){0};
}

const char *allowance_lack(const struct allowance *a)
{
    if (a->degree == CONFINEMENT_NONE)
        return "not confined, as its settings say";
    if (!confine_has_calls())
        return "its system calls are not confined: the kernel has no seccomp filters";
    if (a->degree == CONFINEMENT_FULL && !confine_has_folders())
        return "not confined to its folders: the kernel has no Landlock";
    return NULL;
}
