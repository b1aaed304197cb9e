/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/home.h"
#include "base/log.h"
#include "base/macro.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/notify.h"
#include "start/alarm.h"

#define SOCKET_FILE "engine.sock"
#define DOCKER_ABSTRACT "@docker-secrets-engine/%u/daemon.sock"
#define LISTEN_BACKLOG 1024

/* Who holds the lock is about to listen. */
#define LOCK_TIMEOUT (5 * CLOCK_SECOND)

/* ---- folders ---- */

int listen_make_folder(const char *path, struct err *e)
{
    cleanup_free char *copy = strdup(path);
    if (!copy)
        return err_no_memory(e);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0700) && errno != EEXIST && errno != EACCES && errno != EROFS)
            return err_errno(e, errno, "make the folder %s", copy);
        *slash = '/';
    }
    if (mkdir(path, 0700) && errno != EEXIST)
        return err_errno(e, errno, "make the folder %s", path);
    return 0;
}

/* What stands in it decides who is talked to. */
static int check_folder(const char *path, struct err *e)
{
    struct stat st;
    if (lstat(path, &st))
        return err_errno(e, errno, "look at the folder %s", path);
    if (!S_ISDIR(st.st_mode) || (st.st_uid != geteuid() && st.st_uid != 0) ||
        (st.st_mode & 022))
        return err_set(e, ERR_FAILED_PRECONDITION,
                       "the folder %s must be this user's, and nobody else's to write in",
                       path);
    return 0;
}

/* ---- sockets ---- */

static int bind_abstract(int fd, const char *name, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(name);
    if (n < 2 || n > sizeof(address.sun_path))
        return err_set(e, ERR_INVALID_ARGUMENT, "%s is no name of a socket", name);
    memcpy(address.sun_path + 1, name + 1, n - 1);
    if (bind(fd, (const struct sockaddr *)&address,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)))
        return errno == EADDRINUSE
                   ? err_set(e, ERR_ALREADY_EXISTS, "somebody else serves %s", name)
                   : err_errno(e, errno, "make the socket %s", name);
    return listen(fd, LISTEN_BACKLOG) ? err_errno(e, errno, "listen on %s", name) : 0;
}

/* libuv of this age knows no abstract names. */
static int listen_abstract(struct http_server *server, const char *name, struct err *e)
{
    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(e, errno, "make a socket");
    int r = bind_abstract(fd, name, e);
    return r ? r : http_server_adopt(server, TAKE_FD(fd), e);
}

static int listen_at(struct http_server *server, const char *socket, struct err *e)
{
    if (*socket == '@')
        return listen_abstract(server, socket, e);
    return http_server_listen(server, socket, 0600, (gid_t)-1, e);
}

/* ---- the own socket ---- */

static int wait_for_lock(int fd, const char *path, struct err *e)
{
    struct start_alarm alarm;
    int r = start_alarm_set(&alarm, LOCK_TIMEOUT, e);
    if (r)
        return r;
    while (!r && flock(fd, LOCK_EX))
        if (errno != EINTR)
            r = err_errno(e, errno, "lock %s", path);
        else if (start_alarm_rang(&alarm))
            r = err_set(e, ERR_DEADLINE_EXCEEDED, "somebody else holds the lock %s",
                        path);
    start_alarm_clear(&alarm);
    return r;
}

static int lock(const char *socket, int *out, struct err *e)
{
    cleanup_free char *path = str_format("%s.lock", socket);
    if (!path)
        return err_no_memory(e);
    cleanup_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(e, errno, "open %s", path);
    int r = wait_for_lock(fd, path, e);
    if (!r)
        *out = TAKE_FD(fd);
    return r;
}

static int listen_own(struct http_server *server, const char *socket, struct err *e)
{
    cleanup_fd int held = -1;
    int r = *socket == '@' ? 0 : lock(socket, &held, e);
    return r ? r : listen_at(server, socket, e);
}

static int listen_in_folder(struct http_server *server, const char *folder, struct err *e)
{
    cleanup_free char *socket = str_format("%s/%s", folder, SOCKET_FILE);
    if (!socket)
        return err_no_memory(e);
    int r = listen_make_folder(folder, e);
    if (!r)
        r = check_folder(folder, e);
    return r ? r : listen_own(server, socket, e);
}

/* Where the settings want it; the folder is there, and must not be everybody's either. */
static int listen_named(struct http_server *server, const char *socket, struct err *e)
{
    const char *slash = strrchr(socket, '/');
    int r = 0;
    if (*socket != '@' && slash) {
        cleanup_free char *folder = str_format("%.*s/", (int)(slash - socket), socket);
        r = folder ? check_folder(folder, e) : err_no_memory(e);
    }
    return r ? r : listen_own(server, socket, e);
}

/* ---- Docker's ---- */

static int listen_docker_file(struct http_server *server, struct err *e)
{
    cleanup_free char *folder = NULL;
    int r = home_docker_cache_folder(&folder, e);
    return r ? r : listen_in_folder(server, folder, e);
}

static int listen_docker_abstract(struct http_server *server, struct err *e)
{
    char name[64];
    snprintf(name, sizeof(name), DOCKER_ABSTRACT, (unsigned)geteuid());
    return listen_abstract(server, name, e);
}

/* They are a convenience: without them the engine serves its own clients. */
static void listen_for_docker(struct http_server *server)
{
    struct err e;
    if (listen_docker_abstract(server, &e))
        log_warn("no socket for Docker's clients: %s", err_text(&e));
    if (listen_docker_file(server, &e))
        log_warn("no socket for Docker's clients: %s", err_text(&e));
}

/* There is one of each for a user, and a COFFER_HOME is for a further instance. */
static bool is_for_docker(const struct config *config)
{
    if (config->docker_sockets != DOCKER_AUTO)
        return config->docker_sockets == DOCKER_YES;
    return str_is_empty(getenv("COFFER_HOME"));
}

/* ---- all ---- */

static int adopt(struct http_server *server, unsigned n, struct err *e)
{
    int r = 0;
    for (unsigned i = 0; i < n && !r; i++)
        r = http_server_adopt(server, NOTIFY_FIRST_FD + (int)i, e);
    return r;
}

int listen_start(struct http_server *server, const struct config *config, struct err *e)
{
    unsigned inherited = notify_take_fds();
    if (inherited)
        return adopt(server, inherited, e);
    if (config->socket)
        return listen_named(server, config->socket, e);
    int r = listen_in_folder(server, config->run_folder, e);
    if (!r && is_for_docker(config))
        listen_for_docker(server);
    return r;
}
