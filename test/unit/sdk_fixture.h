/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An engine that follows a script: on a socket of its own it takes one connection after
 * the other, reads one whole request (or nothing), sends what the test says, and closes.
 * It is a thread, so that calls that block can be tested; it allocates nothing. The
 * environment has no other engine in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include <coffer/coffer.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

struct script {
    const void *answer; /* the bytes of an answer; they stay the test's */
    size_t size;
    size_t greeting;  /* so much of it answers a first request, the rest a second */
    size_t repeats;   /* the answer is sent so many times more */
    bool is_impolite; /* answers without having read */
    bool is_silent;   /* never answers, keeps the connection until the client goes */
    bool stays;       /* keeps the connection so after the answer */
};

struct scripted {
    struct script script;
    char folder[64];
    char path[96];
    int listener;
    char request[64 * 1024]; /* the last one, with a NUL */
    size_t request_size;
    size_t n_calls;
    pthread_t thread;
};

/* Is the request whole? Content-Length is all that our client sends. */
static inline bool scripted_is_whole(const struct scripted *s)
{
    const char *end = strstr(s->request, "\r\n\r\n");
    const char *length = strstr(s->request, "Content-Length: ");
    if (!end || !length)
        return false;
    size_t head = (size_t)(end - s->request) + 4;
    return s->request_size >= head + strtoul(length + 16, NULL, 10);
}

static inline void scripted_read(struct scripted *s, int fd)
{
    s->request_size = 0;
    s->request[0] = '\0';
    while (!scripted_is_whole(s) && s->request_size < sizeof(s->request) - 1) {
        ssize_t n = recv(fd, s->request + s->request_size,
                         sizeof(s->request) - 1 - s->request_size, 0);
        if (n <= 0)
            return;
        s->request_size += (size_t)n;
        s->request[s->request_size] = '\0';
    }
}

static inline void scripted_send(const struct scripted *s, int fd)
{
    for (size_t i = 0; i <= s->script.repeats; i++) {
        const char *at = (const char *)s->script.answer + s->script.greeting;
        for (size_t left = s->script.size - s->script.greeting; left;) {
            ssize_t n = send(fd, at, left, MSG_NOSIGNAL);
            if (n <= 0)
                return;
            at += n;
            left -= (size_t)n;
        }
    }
}

/* To the first request, a short one; the second has come then, too. */
static inline void scripted_greet(struct scripted *s, int fd)
{
    recv(fd, s->request, sizeof(s->request) - 1, 0);
    send(fd, s->script.answer, s->script.greeting, MSG_NOSIGNAL);
    recv(fd, s->request, sizeof(s->request) - 1, 0);
}

static inline void scripted_serve(struct scripted *s, int fd)
{
    char byte;
    const struct script *script = &s->script;
    s->n_calls++;
    if (script->greeting)
        scripted_greet(s, fd);
    if (!script->is_impolite)
        scripted_read(s, fd);
    if (!script->is_silent)
        scripted_send(s, fd);
    while ((script->is_silent || script->stays) && recv(fd, &byte, 1, 0) > 0)
        ;
}

static inline void *scripted_run(void *user)
{
    struct scripted *s = user;
    for (int fd; (fd = accept(s->listener, NULL, NULL)) >= 0; close(fd))
        scripted_serve(s, fd);
    return NULL;
}

/* ---- sockets ---- */

static inline int fixture_listen(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy_cut(address.sun_path, sizeof(address.sun_path), path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 16), 0);
    return fd;
}

/* Folders of the test's own are all that the environment names. */
static inline void fixture_environment(const char *folder)
{
    unsetenv("COFFER_ENGINE_SOCKET");
    unsetenv("COFFER_HOME");
    unsetenv("DOCKER_SECRETS_ENGINE_PLUGIN_LAUNCH_CFG");
    setenv("XDG_RUNTIME_DIR", folder, 1);
    setenv("XDG_CACHE_HOME", folder, 1);
    setenv("HOME", folder, 1);
}

static inline void scripted_start(struct scripted *s, const struct script *script)
{
    *s = (struct scripted){.script = *script};
    strcpy_cut(s->folder, sizeof(s->folder), "/tmp/sdk-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->path, sizeof(s->path), "%s/engine", s->folder);
    fixture_environment(s->folder);
    s->listener = fixture_listen(s->path);
    assert_int_equal(pthread_create(&s->thread, NULL, scripted_run, s), 0);
}

/* Afterwards the request that came last can be looked at. */
static inline void scripted_stop(struct scripted *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    unlink(s->path);
    rmdir(s->folder);
}

/* ---- clients ---- */

static inline struct coffer_client *fixture_client(const char *socket, int timeout_ms)
{
    struct coffer_client_options o = {
        .size = sizeof(o), .socket = socket, .timeout_ms = timeout_ms};
    struct coffer_client *client = NULL;
    struct coffer_error e = {0};
    assert_int_equal(coffer_client_new(&o, &client, &e), COFFER_OK);
    return client;
}

/* An answer of 200 around a message. */
static inline void fixture_answer(struct buf *out, const void *message, size_t n)
{
    assert_int_equal(buf_printf(out,
                                "HTTP/1.1 200 OK\r\nContent-Type: application/proto\r\n"
                                "Content-Length: %zu\r\n\r\n",
                                n),
                     0);
    assert_int_equal(buf_append(out, message, n), 0);
}

static inline void fixture_failure(struct buf *out, int status, const char *body)
{
    assert_int_equal(buf_printf(out,
                                "HTTP/1.1 %d No\r\nContent-Type: application/json\r\n"
                                "Content-Length: %zu\r\n\r\n%s",
                                status, strlen(body), body),
                     0);
}
