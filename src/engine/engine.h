/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "objects/objects.h"

/*
 * The container engine of a node behind a vtable: the Docker Engine API of Podman or
 * dockerd (docker_api.c), or a fake for tests (fake.c). All calls are asynchronous: the
 * callback comes from the loop, exactly once, never from within the call; after
 * engine_cancel() it comes with ERR_CANCELED. What a result points to is lent for the
 * time of the callback. A call that is NULL found no memory to begin: no callback comes.
 *
 * ERR_UNAVAILABLE means that the engine itself doesn't answer (down, restarting): nothing
 * is known about the outcome, and who asked looks again when it is back: an on_up follows
 * every ERR_UNAVAILABLE.
 */
struct engine;

/* A call that is under way; its maker fills this in. */
struct engine_call {
    void (*cancel)(struct engine_call *call);
    void (*pause)(struct engine_call *call, bool is_paused);
};

struct engine_info {
    const char *hostname, *os, *arch; /* "linux", "x86_64" */
    const char *version;              /* of the engine */
    const char *name;                 /* "podman" or "docker" */
    int64_t nano_cpus, memory_bytes;
    int32_t pid;             /* of the engine's process; 0 when it can't be known */
    bool runs_health_checks; /* by itself; if not, health_check() must be called */
    size_t n_plugins;
    const struct engine_plugin {
        const char *type, *name; /* "Volume" "local" */
    } * plugins;
};

/* A file or folder of the host shown in a container, which can't write to it. */
struct engine_bind {
    const char *source, *target;
};

/* A reference of a task whose value lies in a file of the host already. */
struct engine_given {
    const char *reference, *path;
};

/* A container to be created for a task; lent for the call. */
struct engine_container {
    const char *name;
    const Swarm__Task
        *task; /* spec, annotations, ids for the labels com.docker.swarm.* */
    const char *node_id, *node_hostname;
    size_t n_binds;
    const struct engine_bind *binds; /* its secrets and configs */
    size_t n_given;
    const struct engine_given *given; /* of the references in its environment */
};

enum engine_health {
    ENGINE_HEALTH_NONE, /* nothing checks */
    ENGINE_HEALTH_STARTING,
    ENGINE_HEALTH_HEALTHY,
    ENGINE_HEALTH_UNHEALTHY,
};

/* A port of a container that is bound on the host. */
struct engine_port {
    Swarm__PortConfig__Protocol protocol;
    uint32_t target, published;
};

struct engine_state {
    const char *id, *name;
    const char *task_id; /* from the label com.docker.swarm.task.id; NULL without */
    bool is_running, is_created_only;
    enum engine_health health; /* from here on only inspect knows */
    const char *stop_signal;   /* of the container or its image, "" */
    int64_t health_interval;   /* ns, 0: the engine's default */
    size_t n_ports;
    const struct engine_port *ports;
    int32_t pid; /* 0 when not running */
    int32_t exit_code;
    const char *error; /* the engine's words for why it didn't start, "" */
};

typedef void (*engine_done)(int r, const struct err *e, void *user);
typedef void (*engine_info_done)(int r, const struct err *e,
                                 const struct engine_info *info, void *user);
typedef void (*engine_create_done)(int r, const struct err *e, const char *id,
                                   void *user);
typedef void (*engine_inspect_done)(int r, const struct err *e,
                                    const struct engine_state *state, void *user);
typedef void (*engine_list_done)(int r, const struct err *e, size_t n,
                                 const struct engine_state *states, void *user);

typedef void (*engine_health_done)(int r, const struct err *e, enum engine_health health,
                                   void *user);

/* What an engine tells unasked. */
struct engine_events {
    /* It answers (again). Whatever was known about containers may be out of date. */
    void (*on_up)(void *user);
    /* It stopped answering. */
    void (*on_down)(const struct err *e, void *user);
    /* A container's life changed: "start", "die", "destroy", "oom", "health_status:
     * healthy". */
    void (*on_container)(const char *id, const char *action, void *user);
    void *user;
};

struct engine_log_options {
    bool stdout_on, stderr_on, follow, timestamps;
    bool is_tty;   /* the container has a terminal, so that all its output is stdout */
    int64_t tail;  /* lines from the end, -1: all */
    int64_t since; /* ns, 0: from the beginning */
};

/* One piece of a container's output: a line, or a part of one that is too long. Stream 1
 * is stdout, 2 stderr. */
typedef void (*engine_log_data)(int stream, const void *data, size_t n, void *user);

struct engine_ops {
    /* Begins to watch the engine: on_up comes when it answers. Until then, and again
     * after on_down, calls end with ERR_UNAVAILABLE. */
    void (*start)(struct engine *g, const struct engine_events *events);
    struct engine_call *(*info)(struct engine *g, engine_info_done done, void *user);
    /* Makes sure the image is there: it is pulled when no image has that name, digest or
     * id yet. "No such image: X", and behind it the engine's words for why it couldn't
     * be pulled. auth: X-Registry-Auth or "". */
    struct engine_call *(*image_ensure)(struct engine *g, const char *image,
                                        const char *auth, engine_done done, void *user);
    /* ERR_ALREADY_EXISTS when the name is taken. */
    struct engine_call *(*create)(struct engine *g, const struct engine_container *c,
                                  engine_create_done done, void *user);
    struct engine_call *(*start_container)(struct engine *g, const char *id,
                                           engine_done done, void *user);
    struct engine_call *(*inspect)(struct engine *g, const char *id,
                                   engine_inspect_done done, void *user);
    /* Sends a signal by name ("SIGTERM") or number; a container that isn't running is no
     * error. */
    struct engine_call *(*kill)(struct engine *g, const char *id, const char *signal,
                                engine_done done, void *user);
    /* Removes it, running or not, with its anonymous volumes; one that isn't there is no
     * error. It is gone when this succeeds: somebody else's removal is waited for. */
    struct engine_call *(*remove)(struct engine *g, const char *id, engine_done done,
                                  void *user);
    /* All containers with the label com.docker.swarm.node.id=node_id, whatever their
     * state. */
    struct engine_call *(*list)(struct engine *g, const char *node_id,
                                engine_list_done done, void *user);
    /* Runs a container's health check once, for an engine that doesn't by itself, and
     * tells the container's health after it: retries and start period are counted. */
    struct engine_call *(*health_check)(struct engine *g, const char *id,
                                        engine_health_done done, void *user);
    /* Streams a container's output; done when it ended. */
    struct engine_call *(*logs)(struct engine *g, const char *id,
                                const struct engine_log_options *options,
                                engine_log_data data, engine_done done, void *user);
    /* Ends all calls with ERR_CANCELED and frees the engine's client; containers stay. */
    void (*close)(struct engine *g, void (*closed)(void *user), void *user);
};

struct engine {
    const struct engine_ops *ops;
};

/* Cancels a call; its callback comes with ERR_CANCELED. What the engine already began it
 * finishes. NULL is fine. */
void engine_cancel(struct engine_call *call);

/* Holds back the data of logs(), and lets it come again. */
void engine_pause(struct engine_call *call);
void engine_resume(struct engine_call *call);

/* Podman's or dockerd's API on a unix socket. It tells which of the two it is by asking,
 * and meets their differences and the host's limits (missing CAP_SYS_RESOURCE) itself. */
int engine_docker_api_new(uv_loop_t *loop, const char *socket_path, struct engine **out,
                          struct err *e) MUST_CHECK;

/* Names, before any container is made, the folder (copied) for the records of those with
 * references to secrets (oci/record.h); without one, tasks with references are refused.
 */
int engine_docker_api_set_references(struct engine *g, const char *folder,
                                     struct err *e) MUST_CHECK;
