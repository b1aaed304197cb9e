/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "resolver/plugin.h"
#include "json/json.h"

static const struct json_limits limits = {.bytes = 4096, .values = 32, .depth = 4};

void sdk_launch_deinit(struct sdk_launch *l)
{
    free(l->name);
    if (l->fd >= 0)
        close(l->fd);
    *l = (struct sdk_launch){.fd = -1};
}

static int read_members(const json_t *j, struct sdk_launch *out, int *fd, struct err *e)
{
    const char *name;
    int64_t number;
    if (!json_is_object(j))
        return err_set(e, ERR_INVALID_ARGUMENT, "must be an object");
    int r = json_get_text(j, "name", &name, e);
    if (!r)
        r = plugin_check_name(name, e);
    if (!r)
        r = json_get_int(j, "timeout", 1, INT64_MAX, &out->timeout, e);
    if (!r)
        r = json_get_int(j, "fd", 3, INT_MAX, &number, e);
    if (r)
        return r;
    out->name = mem_dup(name, strlen(name));
    *fd = (int)number;
    return out->name ? 0 : err_no_memory(e);
}

/* Is it what an engine hands over? Only then does it become ours. */
static int take_descriptor(int fd, struct sdk_launch *out, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode))
        return err_set(e, ERR_INVALID_ARGUMENT, "fd %d is no socket", fd);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return err_errno(e, errno, "fd %d", fd);
    out->fd = fd;
    return 0;
}

static int read_text(const char *text, struct sdk_launch *out, struct err *e)
{
    cleanup_json json_t *j = NULL;
    int fd = -1;
    int r = json_read(text, strlen(text), &limits, &j, e);
    if (!r)
        r = read_members(j, out, &fd, e);
    return r ? r : take_descriptor(fd, out, e);
}

int sdk_launch_take(struct sdk_launch *out, struct err *e)
{
    *out = (struct sdk_launch){.fd = -1};
    const char *text = getenv(SDK_LAUNCH_VARIABLE);
    if (!text)
        return 0;
    cleanup_sdk_launch struct sdk_launch l = {.fd = -1};
    int r = read_text(text, &l, e);
    unsetenv(SDK_LAUNCH_VARIABLE);
    if (r == ERR_NO_MEMORY)
        return r;
    if (r)
        return err_wrap(e, ERR_INVALID_ARGUMENT, SDK_LAUNCH_VARIABLE);
    *out = l;
    l = (struct sdk_launch){.fd = -1};
    return 0;
}
