/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macro.h"
#include "cli/command.h"

/* A daemon that says exactly the bytes a test gives it, on a socket of its own, to each
 * connection in a thread of its own. */

/* The answer to a request that begins so ("GET /v1.41/tasks"). Rows for one request are
 * given one after the other, the last one again and again. */
struct answer {
    const char *request;
    const char *body; /* with status 200 and its length */
    const char *raw;  /* instead: the whole answer, head and all */
    size_t raw_size;  /* its length, when it has bytes of 0 */
    bool closes;      /* the connection ends behind it */
};

#define SERVER_ROWS_MAX 16
#define SERVER_CONNECTIONS_MAX 8

struct server {
    char host[64];
    int listener, name;
    const struct answer *rows; /* ends with a row without request */
    bool given[SERVER_ROWS_MAX];
    pthread_mutex_t lock;
    pthread_t acceptor, served[SERVER_CONNECTIONS_MAX];
    size_t connections;
    int requests;     /* so many were answered */
    char asked[8192]; /* the head and body of the last one */
};

struct server_line {
    struct server *server;
    int fd;
};

static inline const struct answer *server_choose(struct server *s, const char *request)
{
    const struct answer *chosen = NULL;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; s->rows[i].request; i++) {
        if (strncmp(s->rows[i].request, request, strlen(s->rows[i].request)) != 0)
            continue;
        chosen = &s->rows[i];
        if (!s->given[i]) {
            s->given[i] = true;
            break;
        }
    }
    s->requests++;
    snprintf(s->asked, sizeof(s->asked), "%s", request);
    pthread_mutex_unlock(&s->lock);
    return chosen;
}

/* Where the first whole request in a text ends; NULL: it is not whole yet. */
static inline char *server_request_end(char *text)
{
    char *head = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length: ");
    if (!head)
        return NULL;
    size_t body = length && length < head ? strtoul(length + 18, NULL, 10) : 0;
    return strlen(head + 4) >= body ? head + 4 + body : NULL;
}

static inline bool server_send(int fd, const char *text, size_t n)
{
    return send(fd, text, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static inline bool server_answer(struct server *s, int fd, char *text)
{
    char *end = server_request_end(text);
    if (!end)
        return true;
    char rest = *end;
    *end = '\0';
    const struct answer *chosen = server_choose(s, text);
    *end = rest;
    memmove(text, end, strlen(end) + 1);
    if (!chosen)
        return false;
    /* Once the client has all, the test may be over, and its rows gone. */
    const struct answer a = *chosen;
    if (a.raw)
        return server_send(fd, a.raw, a.raw_size ? a.raw_size : strlen(a.raw)) &&
               !a.closes;
    char head[128];
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
             strlen(a.body));
    return server_send(fd, head, strlen(head)) &&
           server_send(fd, a.body, strlen(a.body)) && !a.closes;
}

static inline void *server_serve(void *user)
{
    struct server_line line = *(struct server_line *)user;
    char text[8192];
    size_t have = 0;
    ssize_t n;
    free(user);
    while ((n = read(line.fd, text + have, sizeof(text) - 1 - have)) > 0) {
        have += (size_t)n;
        text[have] = '\0';
        if (!server_answer(line.server, line.fd, text))
            break;
        have = strlen(text);
    }
    close(line.fd);
    return NULL;
}

static inline void *server_accept(void *user)
{
    struct server *s = user;
    int fd;
    while (s->connections < SERVER_CONNECTIONS_MAX &&
           (fd = accept(s->listener, NULL, NULL)) >= 0) {
        struct server_line *line = malloc(sizeof(*line));
        *line = (struct server_line){s, fd};
        pthread_create(&s->served[s->connections++], NULL, server_serve, line);
    }
    return NULL;
}

/* A socket whose name is gone as soon as it is bound: it is reached by a descriptor, and
 * nothing stays behind however a test ends. */
static inline void server_bind(struct server *s)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char folder[] = "/tmp/coffer-cli-XXXXXX";
    assert_non_null(mkdtemp(folder));
    snprintf(at.sun_path, sizeof(at.sun_path), "%s/sock", folder);
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int bound = bind(s->listener, (struct sockaddr *)&at, sizeof(at));
    s->name = open(at.sun_path, O_PATH | O_CLOEXEC);
    unlink(at.sun_path);
    rmdir(folder);
    assert_int_equal(bound, 0);
    assert_int_equal(listen(s->listener, SERVER_CONNECTIONS_MAX), 0);
    snprintf(s->host, sizeof(s->host), "unix:///proc/self/fd/%d", s->name);
}

static inline void server_start(struct server *s, const struct answer *rows)
{
    *s = (struct server){.rows = rows, .lock = PTHREAD_MUTEX_INITIALIZER};
    server_bind(s);
    assert_int_equal(pthread_create(&s->acceptor, NULL, server_accept, s), 0);
}

/* When the client has closed its connections. */
static inline void server_stop(struct server *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->acceptor, NULL);
    for (size_t i = 0; i < s->connections; i++)
        pthread_join(s->served[i], NULL);
    close(s->listener);
    close(s->name);
}

/* ---- a command on such a daemon ---- */

struct fixture {
    struct server server;
    struct cli cli;
    struct err e;
    FILE *before; /* standard output, while it is caught */
    char *out;
    size_t out_size;
};

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    *state = f;
    return 0;
}

static inline void use(struct fixture *f, const struct answer *rows)
{
    server_start(&f->server, rows);
    f->cli.host = f->server.host;
    assert_int_equal(client_new(f->server.host, &f->cli.client, &f->e), 0);
}

/* From now on what is printed comes to f->out. */
static inline void catch_output(struct fixture *f)
{
    fflush(stdout);
    f->before = stdout;
    stdout = open_memstream(&f->out, &f->out_size);
}

static inline void end_catch(struct fixture *f)
{
    fclose(stdout);
    stdout = f->before;
    f->before = NULL;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->before)
        end_catch(f);
    client_free(f->cli.client);
    if (f->server.rows)
        server_stop(&f->server);
    flags_deinit(&f->cli.flags);
    free(f->out);
    free(f);
    return 0;
}

static inline int set_up_libraries(void **state)
{
    (void)state;
    /* A daemon that never answers is a failure, not a wait for ever. */
    alarm(60);
    json_setup();
    return 0;
}

#define CLI_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
