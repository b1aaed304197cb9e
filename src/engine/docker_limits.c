/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Podman fills the one of nofile and nproc that isn't given with a number which the host
 * may refuse, so both are always given, at most as high as the engine's own hard limits:
 * those anyone may set.
 */
#include "engine/docker_limits.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define CAP_SYS_RESOURCE_BIT 24

/* What the kernel begins with. */
#define PID_MAX_DEFAULT 32768

/* Files of /proc that are read here are smaller. */
#define PROC_FILE_MAX 65536

static int proc_file(pid_t pid, const char *name, struct buf *out, struct err *e)
{
    char path[64];
    if (pid)
        snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    else
        snprintf(path, sizeof(path), "/proc/self/%s", name);
    return file_read(path, PROC_FILE_MAX, out, e);
}

/* A line is NAME, the soft limit, the hard limit, the unit; with spaces between. */
uint64_t engine_limits_parse(const char *text, const char *name)
{
    const char *line = strstr(text, name);
    if (!line)
        return UINT64_MAX;
    line += strlen(name);
    line += strspn(line, " ");
    line += strcspn(line, " \n");
    line += strspn(line, " ");
    char word[24];
    size_t n = strcspn(line, " \n");
    if (n >= sizeof(word))
        return UINT64_MAX;
    memcpy(word, line, n);
    word[n] = '\0';
    uint64_t value;
    return str_to_u64(word, &value) ? value : UINT64_MAX;
}

static int peer_pid(const char *socket_path, pid_t *out, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(socket_path) >= sizeof(address.sun_path))
        return err_set(e, ERR_INVALID_ARGUMENT, "socket path %s is too long",
                       socket_path);
    strcpy_cut(address.sun_path, sizeof(address.sun_path), socket_path);
    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(e, errno, "%s", socket_path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)))
        return err_errno(e, errno, "%s", socket_path);
    struct ucred peer;
    socklen_t size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
        return err_errno(e, errno, "%s", socket_path);
    *out = peer.pid;
    return 0;
}

static bool has_sys_resource(const char *status)
{
    const char *line = strstr(status, "\nCapEff:\t");
    if (!line)
        return true;
    uint64_t set = strtoull(line + strlen("\nCapEff:\t"), NULL, 16);
    return set >> CAP_SYS_RESOURCE_BIT & 1;
}

bool engine_limits_can_raise(void)
{
    cleanup_buf struct buf status = BUF_INIT;
    return proc_file(0, "status", &status, NULL) || has_sys_resource(buf_str(&status));
}

uint64_t engine_limits_pid_max(void)
{
    cleanup_buf struct buf text = BUF_INIT;
    if (file_read("/proc/sys/kernel/pid_max", PROC_FILE_MAX, &text, NULL))
        return PID_MAX_DEFAULT;
    uint64_t value = strtoull(buf_str(&text), NULL, 10);
    return value ? value : PID_MAX_DEFAULT;
}

int engine_limits_read(const char *socket_path, struct engine_limits *out, struct err *e)
{
    pid_t pid = 0;
    int r = peer_pid(socket_path, &pid, e);
    if (r)
        return r;
    if (pid == 1)
        pid = 0;
    cleanup_buf struct buf limits = BUF_INIT;
    cleanup_buf struct buf status = BUF_INIT;
    r = proc_file(pid, "limits", &limits, e);
    if (!r)
        r = proc_file(pid, "status", &status, e);
    if (r)
        return r;
    struct engine_limits found = {
        .pid = pid,
        .is_restricted = !has_sys_resource(buf_str(&status)),
        .fills_unset = str_starts_with(buf_str(&status), "Name:\tpodman\n"),
        .nofile = engine_limits_parse(buf_str(&limits), "Max open files"),
        .nproc = engine_limits_parse(buf_str(&limits), "Max processes"),
    };
    /* Podman lowers its own limit to this when it starts. */
    uint64_t max = engine_limits_pid_max();
    if (!pid && max < found.nproc)
        found.nproc = max;
    *out = found;
    return 0;
}

static json_t *find_ulimit(json_t *ulimits, const char *name)
{
    size_t i;
    json_t *u;
    json_array_foreach(ulimits, i, u)
    {
        if (str_equal(json_string_value(json_object_get(u, "Name")), name))
            return u;
    }
    return NULL;
}

static int lower(json_t *ulimit, const char *key, json_int_t max)
{
    json_t *value = json_object_get(ulimit, key);
    if (json_is_integer(value) && json_integer_value(value) >= 0 &&
        json_integer_value(value) <= max)
        return 0;
    return json_object_set_new(ulimit, key, json_integer(max)) ? ERR_NO_MEMORY : 0;
}

static int complete_ulimit(const struct engine_limits *limits, json_t *ulimits,
                           const char *name, uint64_t hard)
{
    if (hard > INT64_MAX)
        return 0;
    json_t *u = find_ulimit(ulimits, name);
    if (!u && !limits->fills_unset)
        return 0;
    if (!u) {
        u = json_pack("{ss}", "Name", name);
        if (!u || json_array_append_new(ulimits, u))
            return ERR_NO_MEMORY;
    }
    int r = lower(u, "Hard", (json_int_t)hard);
    return r ? r : lower(u, "Soft", (json_int_t)hard);
}

/* The object or array below key, made when it isn't there (or is null). */
static int child_of(json_t *parent, const char *key, bool is_array, json_t **out,
                    struct err *e)
{
    json_t *child = json_object_get(parent, key);
    if (!child || json_is_null(child)) {
        child = is_array ? json_array() : json_object();
        if (json_object_set_new(parent, key, child))
            return err_no_memory(e);
    }
    if (is_array ? !json_is_array(child) : !json_is_object(child))
        return err_set(e, ERR_INVALID_ARGUMENT, "%s: is not %s", key,
                       is_array ? "an array" : "an object");
    *out = child;
    return 0;
}

int engine_complete_create(const struct engine_limits *limits, json_t *body,
                           struct err *e)
{
    if (!limits->is_restricted)
        return 0;
    if (!json_is_object(body))
        return err_set(e, ERR_INVALID_ARGUMENT, "the container is not a JSON object");
    json_t *host = NULL, *ulimits = NULL;
    int r = child_of(body, "HostConfig", false, &host, e);
    if (!r)
        r = child_of(host, "Ulimits", true, &ulimits, e);
    if (r)
        return r;
    r = complete_ulimit(limits, ulimits, "nofile", limits->nofile);
    if (!r)
        r = complete_ulimit(limits, ulimits, "nproc", limits->nproc);
    return r ? err_no_memory(e) : 0;
}
