/* SPDX-License-Identifier: Apache-2.0 */
#include "net/notify.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/http_server.h"

void notify_send(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (str_is_empty(path) || strlen(path) >= sizeof(addr.sun_path))
        return;
    size_t n = strlen(path);
    memcpy(addr.sun_path, path, n);
    if (addr.sun_path[0] == '@')
        addr.sun_path[0] = '\0';
    cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    /* Nobody to hear it is no reason to stop. */
    ssize_t sent =
        sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&addr,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    (void)sent;
}

unsigned notify_passed_fds(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    uint64_t wanted, n;
    if (!pid || !count || !str_to_u64(pid, &wanted) || wanted != (uint64_t)getpid())
        return 0;
    if (!str_to_u64(count, &n) || n > HTTP_SERVER_LISTENERS_MAX)
        return 0;
    return (unsigned)n;
}

unsigned notify_take_fds(void)
{
    unsigned n = notify_passed_fds();
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    return n;
}
