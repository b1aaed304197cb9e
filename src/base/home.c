/* SPDX-License-Identifier: Apache-2.0 */
#include "base/home.h"

#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#define ROOT_RUN_FOLDER "/run/coffer-engine"
#define PASSWD_SIZE 4096

/* The value of a variable that names a folder; NULL when it doesn't. */
static const char *folder_of(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value == '/' ? value : NULL;
}

static int no_home(struct err *e)
{
    return err_set(e, ERR_NOT_FOUND,
                   "the user %u has no home: set HOME, or COFFER_HOME to a folder for "
                   "coffer's files",
                   (unsigned)geteuid());
}

static int give(char *path, char **out, struct err *e)
{
    if (!path)
        return err_no_memory(e);
    *out = path;
    return 0;
}

/* HOME/rest, with the home of the user database when HOME isn't set. */
static int in_home(const char *rest, char **out, struct err *e)
{
    const char *home = folder_of("HOME");
    struct passwd entry, *found = NULL;
    char text[PASSWD_SIZE];
    if (!home && !getpwuid_r(geteuid(), &entry, text, sizeof(text), &found) && found)
        home = entry.pw_dir;
    if (str_is_empty(home))
        return no_home(e);
    return give(str_format("%s/%s", home, rest), out, e);
}

static int in_xdg(const char *variable, const char *name, const char *rest, char **out,
                  struct err *e)
{
    const char *base = folder_of(variable);
    if (base)
        return give(str_format("%s/%s", base, name), out, e);
    return in_home(rest, out, e);
}

static int in_own(const char *variable, const char *rest, char **out, struct err *e)
{
    const char *own = folder_of("COFFER_HOME");
    if (own)
        return give(str_format("%s", own), out, e);
    return in_xdg(variable, "coffer", rest, out, e);
}

int home_config_folder(char **out, struct err *e)
{
    return in_own("XDG_CONFIG_HOME", ".config/coffer", out, e);
}

int home_data_folder(char **out, struct err *e)
{
    return in_own("XDG_DATA_HOME", ".local/share/coffer", out, e);
}

static bool is_own_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

int home_session_folder(char **out, struct err *e)
{
    const char *named = folder_of("XDG_RUNTIME_DIR");
    cleanup_free char *user = str_format("/run/user/%u", (unsigned)geteuid());
    if (!user)
        return err_no_memory(e);
    /* A plain `su` leaves the variable of the user that it was called by. */
    if (named && is_own_folder(named))
        return give(str_format("%s", named), out, e);
    *out = geteuid() != 0 && is_own_folder(user) ? TAKE(user) : NULL;
    return 0;
}

int home_run_folder(char **out, struct err *e)
{
    const char *own = folder_of("COFFER_HOME");
    cleanup_free char *session = NULL;
    if (own)
        return give(str_format("%s", own), out, e);
    int r = home_session_folder(&session, e);
    if (r)
        return r;
    if (session)
        return give(str_format("%s/coffer", session), out, e);
    if (geteuid() == 0)
        return give(str_format(ROOT_RUN_FOLDER), out, e);
    return in_xdg("XDG_CACHE_HOME", "coffer", ".cache/coffer", out, e);
}

int home_docker_cache_folder(char **out, struct err *e)
{
    return in_xdg("XDG_CACHE_HOME", "docker-secrets-engine",
                  ".cache/docker-secrets-engine", out, e);
}
