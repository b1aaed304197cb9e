/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/engine_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/home.h"
#include "base/mem.h"
#include "base/str.h"

/* What the kernel calls its process. */
#define ENGINE_NAME "coffer-engined"

/* Its plugins have their time to end, too. In milliseconds. */
#define STOP_TIMEOUT 15000

int engine_process_socket(char **out, struct err *e)
{
    const char *told = getenv("COFFER_ENGINE_SOCKET");
    cleanup_free char *folder = NULL;
    bool is_told = told && *told;
    int r = is_told ? 0 : home_run_folder(&folder, e);
    if (r)
        return r;
    *out = is_told ? strdup(told) : str_format("%s/engine.sock", folder);
    return *out ? 0 : err_no_memory(e);
}

/* *out stays -1 when nobody listens. */
static int connect_engine(int *out, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    cleanup_free char *path = NULL;
    int r = engine_process_socket(&path, e);
    if (r)
        return r;
    size_t n = strlen(path);
    if (n >= sizeof(address.sun_path))
        return err_set(e, ERR_INVALID_ARGUMENT, "the socket's path is too long: %s",
                       path);
    memcpy(address.sun_path, path, n);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(e, errno, "socket");
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (connect(fd, (const struct sockaddr *)&address, size) == 0)
        *out = TAKE_FD(fd);
    return 0;
}

/* For a socket of systemd's the peer is systemd itself as long as no engine has taken it
 * over: that must not be ended. */
static bool is_engine(pid_t pid)
{
    char path[32], name[32] = "";
    snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);
    return n > 0 && str_equal(name, ENGINE_NAME "\n");
}

/* The descriptor comes first: then it is the process that is looked at that gets the
 * signal. */
static int stop(int connection, struct err *e)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size))
        return err_errno(e, errno, "the engine's process");
    if (peer.uid != geteuid())
        return err_set(e, ERR_PERMISSION_DENIED, "the engine is another user's");
    cleanup_fd int process = pidfd_open(peer.pid, 0);
    if (process < 0 && errno == ESRCH)
        return 0;
    if (process >= 0 && !is_engine(peer.pid))
        return 0;
    if (process < 0 || pidfd_send_signal(process, SIGTERM, NULL, 0))
        return err_errno(e, errno, "end the engine");
    struct pollfd ended = {.fd = process, .events = POLLIN};
    if (poll(&ended, 1, STOP_TIMEOUT) != 1)
        return err_set(e, ERR_DEADLINE_EXCEEDED, "the engine (process %d) doesn't end",
                       peer.pid);
    return 0;
}

int engine_process_stop(struct err *e)
{
    cleanup_fd int connection = -1;
    int r = connect_engine(&connection, e);
    return r || connection < 0 ? r : stop(connection, e);
}

/* ---- its memory ---- */

struct memory {
    bool is_known;
    unsigned long long locked, data; /* kilobytes */
};

static void take_line(struct memory *m, const char *line)
{
    static const char locked[] = "VmLck:", data[] = "VmData:";
    if (str_starts_with(line, locked)) {
        m->is_known = true;
        m->locked = strtoull(line + strlen(locked), NULL, 10);
    } else if (str_starts_with(line, data)) {
        m->data = strtoull(line + strlen(data), NULL, 10);
    }
}

static struct memory read_status(pid_t pid)
{
    char path[32], line[256];
    struct memory m = {.is_known = false};
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f))
        take_line(&m, line);
    if (f)
        (void)fclose(f);
    return m;
}

enum engine_memory engine_process_memory(void)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    cleanup_fd int connection = -1;
    if (connect_engine(&connection, NULL) || connection < 0 ||
        getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) ||
        !is_engine(peer.pid))
        return ENGINE_UNKNOWN;
    struct memory m = read_status(peer.pid);
    if (!m.is_known)
        return ENGINE_UNKNOWN;
    if (!m.locked)
        return ENGINE_UNLOCKED;
    return m.locked < m.data ? ENGINE_PARTLY_LOCKED : ENGINE_LOCKED;
}
