/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/docker_socket.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/mem.h"
#include "base/str.h"

#define NAME "DOCKER_CLI_PLUGIN_SOCKET"

/* As Go writes the names of unix sockets: '@' stands for the NUL of an abstract one. */
int docker_socket_open(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *name = getenv(NAME);
    size_t n = name ? strlen(name) : 0;
    if (n == 0 || n >= sizeof(address.sun_path))
        return -1;
    memcpy(address.sun_path, name, n);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, size))
        return -1;
    return TAKE_FD(fd);
}
