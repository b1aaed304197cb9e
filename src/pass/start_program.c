/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/start_program.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define NAME "coffer-engined"
#define PROGRAM_PATH_MAX 4096
#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

/* ---- the environment ---- */

/* Those that end in '_' stand for all that begin so. */
static const char *const kept[] = {
    "HOME",
    "USER",
    "LOGNAME",
    "PATH",
    "TMPDIR",
    "LANG",
    "LC_",
    "TZ",
    "XDG_",
    "COFFER_",
    "DBUS_",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "GNUPGHOME",
    "PASSWORD_STORE_",
    "SSH_AUTH_SOCK",
    "SSL_CERT_",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "ASAN_OPTIONS",
    "UBSAN_OPTIONS",
    "GNOME_KEYRING_CONTROL",
};

bool start_program_keeps(const char *variable)
{
    size_t n = strcspn(variable, "=");
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
        size_t len = strlen(kept[i]);
        bool is_prefix = kept[i][len - 1] == '_';
        if (n >= len && memcmp(variable, kept[i], len) == 0 && (is_prefix || n == len))
            return true;
    }
    return false;
}

static int keep_environment(struct start_program *p)
{
    size_t n = 0;
    p->environment = calloc(START_VARIABLES_MAX + 1, sizeof(*p->environment));
    for (char **v = environ; p->environment && v && *v && n < START_VARIABLES_MAX; v++)
        if (start_program_keeps(*v))
            p->environment[n++] = *v;
    return p->environment ? 0 : ERR_NO_MEMORY;
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

int start_program_find(struct start_program *out, struct err *e)
{
    cleanup_start_program struct start_program p = {0};
    if (find(&p) || keep_environment(&p))
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
    *p = (struct start_program){0};
}
