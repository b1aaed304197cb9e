/* SPDX-License-Identifier: Apache-2.0 */
#include "start/program.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define NAME "coffer-engined"
#define PROGRAM_PATH_MAX 4096
#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"
#define PATH_OF_SERVICES "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PASSWD_SIZE 4096

/* ---- the environment ---- */

/* Those that end in '_' stand for all that begin so. */
static const char *const kept[] = {
    "LANG",        "LC_",         "TZ",           "XDG_RUNTIME_DIR",
    "COFFER_",     "SSL_CERT_",   "NO_PROXY",     "no_proxy",
    "HTTPS_PROXY", "https_proxy", "ASAN_OPTIONS", "UBSAN_OPTIONS",
};

static const char *const kept_of_session[] = {
    "HOME",
    "USER",
    "LOGNAME",
    "PATH",
    "TMPDIR",
    "XDG_",
    "DBUS_",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "GNUPGHOME",
    "PASSWORD_STORE_",
    "SSH_AUTH_SOCK",
    "GNOME_KEYRING_CONTROL",
};

static bool is_among(const char *variable, const char *const *names, size_t count)
{
    size_t n = strcspn(variable, "=");
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(names[i]);
        bool is_prefix = names[i][len - 1] == '_';
        if (n >= len && memcmp(variable, names[i], len) == 0 && (is_prefix || n == len))
            return true;
    }
    return false;
}

bool start_program_keeps(const char *variable, bool is_service)
{
    return is_among(variable, kept, ARRAY_SIZE(kept)) ||
           (!is_service &&
            is_among(variable, kept_of_session, ARRAY_SIZE(kept_of_session)));
}

/* Without a home in the user database the engine says what is missing. */
static int add_own(struct start_program *p, size_t *n)
{
    struct passwd entry, *found = NULL;
    char text[PASSWD_SIZE];
    bool is_there = !getpwuid_r(geteuid(), &entry, text, sizeof(text), &found) && found;
    p->home = is_there ? str_format("HOME=%s", entry.pw_dir) : NULL;
    p->search = str_format("PATH=" PATH_OF_SERVICES);
    if ((is_there && !p->home) || !p->search)
        return ERR_NO_MEMORY;
    p->environment[(*n)++] = p->search;
    if (p->home)
        p->environment[(*n)++] = p->home;
    return 0;
}

static int make_environment(struct start_program *p, bool is_service)
{
    size_t n = 0;
    p->environment = calloc(START_VARIABLES_MAX + 3, sizeof(*p->environment));
    if (!p->environment)
        return ERR_NO_MEMORY;
    for (char **v = environ; v && *v && n < START_VARIABLES_MAX; v++)
        if (start_program_keeps(*v, is_service))
            p->environment[n++] = *v;
    return is_service ? add_own(p, &n) : 0;
}

/* ---- the program ---- */

/* *out is the path when there is such a program, else it stays NULL. */
static int try_path(char **out, const char *folder, size_t n, const char *below)
{
    cleanup_free char *path =
        str_format("%.*s%s%s%s", (int)n, folder, n ? "/" : "", below, NAME);
    if (!path)
        return ERR_NO_MEMORY;
    if (access(path, X_OK) == 0)
        *out = TAKE(path);
    return 0;
}

/* Beside us, and where an installation has it: PREFIX/bin and PREFIX/libexec/... */
static int look_beside(char **out)
{
    static const char *const places[] = {"",
                                         "../sbin/",
                                         "../bin/",
                                         "../libexec/coffer/",
                                         "../../../bin/",
                                         "../../../libexec/coffer/"};
    char self[PROGRAM_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n <= 0)
        return 0;
    self[n] = '\0';
    const char *slash = strrchr(self, '/');
    int r = 0;
    for (size_t i = 0; slash && i < ARRAY_SIZE(places) && !*out && !r; i++)
        r = try_path(out, self, (size_t)(slash - self), places[i]);
    return r;
}

static int look_in_path(char **out)
{
    const char *path = getenv("PATH");
    int r = 0;
    for (const char *p = str_is_empty(path) ? PATH_DEFAULT : path; p && !*out && !r;) {
        size_t n = strcspn(p, ":");
        if (n && p[0] == '/')
            r = try_path(out, p, n, "");
        p = p[n] ? p + n + 1 : NULL;
    }
    return r;
}

static int find(struct start_program *p)
{
    const char *told = getenv("COFFER_ENGINED");
    if (!str_is_empty(told)) {
        p->path = strdup(told);
        return p->path ? 0 : ERR_NO_MEMORY;
    }
    int r = look_beside(&p->path);
    return !r && !p->path ? look_in_path(&p->path) : r;
}

int start_program_find(struct start_program *out, bool is_service, struct err *e)
{
    cleanup_start_program struct start_program p = {0};
    if (find(&p) || make_environment(&p, is_service))
        return err_no_memory(e);
    if (!p.path)
        return err_set(e, ERR_NOT_FOUND,
                       "no secrets engine is running, and " NAME
                       " isn't installed beside this program or in PATH");
    *out = p;
    p = (struct start_program){0};
    return 0;
}

void start_program_deinit(struct start_program *p)
{
    free(p->path);
    free(p->environment);
    free(p->home);
    free(p->search);
    *p = (struct start_program){0};
}
