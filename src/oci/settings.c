/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/settings.h"
#include "base/str.h"

#define SYSTEM_PATH "/etc/coffer/runtime.conf"
#define FILE_NAME "runtime.conf"
#define DEFAULT_REFERENCES "/var/lib/coffer/references"
#define DEFAULT_FILES "/run/coffer/files"
#define DEFAULT_TIMEOUT 30

void settings_deinit(struct settings *s)
{
    free(s->runtime);
    free(s->references);
    free(s->files);
    *s = (struct settings){0};
}

/* ---- values ---- */

static int take_path(const char *name, const char *value, char **out, struct err *e)
{
    if (*value != '/')
        return err_set(e, ERR_INVALID_ARGUMENT, "%s must be an absolute path", name);
    char *copy = mem_dup(value, strlen(value));
    if (!copy)
        return err_no_memory(e);
    free(*out);
    *out = copy;
    return 0;
}

static int take_number(const char *name, const char *value, uint64_t max, uint64_t *out,
                       struct err *e)
{
    if (!str_to_u64(value, out) || *out > max)
        return err_set(e, ERR_INVALID_ARGUMENT, "%s must be a number up to %llu", name,
                       (unsigned long long)max);
    return 0;
}

static int take_uid(struct settings *s, const char *value, struct err *e)
{
    uint64_t n;
    int r = take_number("uid", value, UINT32_MAX - 1, &n, e);
    if (r)
        return r;
    s->uid = (uid_t)n;
    s->has_uid = true;
    return 0;
}

static int take_timeout(struct settings *s, const char *value, struct err *e)
{
    uint64_t n;
    int r = take_number("timeout", value, SETTINGS_TIMEOUT_MAX, &n, e);
    if (!r && !n)
        r = err_set(e, ERR_INVALID_ARGUMENT, "timeout must be 1 at least");
    if (!r)
        s->timeout = (unsigned)n;
    return r;
}

static int take_fallback(struct settings *s, const char *value, struct err *e)
{
    s->fallback = str_equal(value, "yes");
    if (!s->fallback && !str_equal(value, "no"))
        return err_set(e, ERR_INVALID_ARGUMENT, "fallback must be yes or no");
    return 0;
}

static int take(const char *name, const char *value, void *user, struct err *e)
{
    struct settings *s = user;
    if (str_equal(name, "runtime"))
        return take_path(name, value, &s->runtime, e);
    if (str_equal(name, "references"))
        return take_path(name, value, &s->references, e);
    if (str_equal(name, "files"))
        return take_path(name, value, &s->files, e);
    if (str_equal(name, "uid"))
        return take_uid(s, value, e);
    if (str_equal(name, "timeout"))
        return take_timeout(s, value, e);
    if (str_equal(name, "fallback"))
        return take_fallback(s, value, e);
    return err_set(e, ERR_INVALID_ARGUMENT, "there is no setting %s", name);
}

/* ---- the file ---- */

/* Beside the program's own name; *out stays NULL: it isn't there, or not known where. */
static int find_beside(const char *program, char **out)
{
    const char *slash = program && *program == '/' ? strrchr(program, '/') : NULL;
    if (!slash)
        return 0;
    cleanup_free char *path =
        str_format("%.*s/" FILE_NAME, (int)(slash - program), program);
    if (!path)
        return ERR_NO_MEMORY;
    if (!access(path, F_OK))
        *out = TAKE(path);
    return 0;
}

/* Without memory there is none: those of the system may name another user. */
int settings_path(const char *named, const char *program, char **out, struct err *e)
{
    char *path = NULL;
    if (str_is_empty(named) && find_beside(program, &path))
        return err_no_memory(e);
    if (!path)
        path = str_format("%s", str_is_empty(named) ? SYSTEM_PATH : named);
    if (!path)
        return err_no_memory(e);
    *out = path;
    return 0;
}

int settings_load(struct settings *out, const char *path, struct err *e)
{
    cleanup_settings struct settings s = {.timeout = DEFAULT_TIMEOUT};
    cleanup_buf struct buf text = BUF_INIT;
    s.references = mem_dup(DEFAULT_REFERENCES, strlen(DEFAULT_REFERENCES));
    s.files = mem_dup(DEFAULT_FILES, strlen(DEFAULT_FILES));
    if (!s.references || !s.files)
        return err_no_memory(e);
    int r = file_read(path, SETTINGS_SIZE_MAX, &text, e);
    if (r && r != ERR_NOT_FOUND)
        return r;
    if (text.len && (r = settings_read(text.data, take, &s, e)))
        return err_wrap(e, r, "%s", path);
    *out = s;
    s = (struct settings){0};
    return 0;
}

int settings_find_runtime(const struct settings *s, char **out, struct err *e)
{
    static const char *const places[] = {
        "/usr/local/sbin/crun", "/usr/local/bin/crun", "/usr/sbin/crun", "/usr/bin/crun",
        "/usr/local/sbin/runc", "/usr/local/bin/runc", "/usr/sbin/runc", "/usr/bin/runc",
    };
    const char *found = s->runtime;
    for (size_t i = 0; i < ARRAY_SIZE(places) && !found; i++)
        found = access(places[i], X_OK) ? NULL : places[i];
    if (!found)
        return err_set(
            e, ERR_NOT_FOUND,
            "neither crun nor runc is there: name the runtime in runtime.conf");
    *out = mem_dup(found, strlen(found));
    return *out ? 0 : err_no_memory(e);
}
