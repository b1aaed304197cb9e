/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "engine/docker_limits.h"
#include "engine/docker_state.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "net/http_client.h"

/*
 * Watches the engine: asks which one it is, then holds its stream of events open. The
 * stream is the sign of life; when it ends, the engine is down, and is tried again with a
 * growing delay. Nothing is polled while it is up.
 */
#define DOCKER_RETRY_MIN (20 * CLOCK_MILLISECOND)
#define DOCKER_RETRY_MAX (2 * CLOCK_SECOND)

/* How long an engine may take for the head of its events: Podman and dockerd send it at
 * once, before there is any event. */
#define DOCKER_OPEN_TIMEOUT (10 * CLOCK_SECOND)

/* An event is one line of JSON; a longer one is not the engine's. */
#define DOCKER_EVENT_MAX (256 * 1024)

enum docker_watch_state {
    DOCKER_WATCH_IDLE,
    DOCKER_WATCH_ASKING,  /* GET /version */
    DOCKER_WATCH_OPENING, /* GET /events, no answer yet */
    DOCKER_WATCH_UP,
    DOCKER_WATCH_WAITING, /* to try again */
};

struct docker_events {
    enum docker_watch_state state;
    struct http_client *http;
    struct http_call *call;
    struct engine_events told;      /* whom to tell */
    struct docker_version *version; /* filled in before on_up */
    struct engine_limits *limits;
    struct timer retry; /* WAITING: the next try; OPENING: the end of its time */
    int64_t delay;
    int64_t open_timeout; /* DOCKER_OPEN_TIMEOUT; a test may have less */
    bool was_told_down;   /* on_down isn't repeated */
    struct buf line;
};

void docker_events_init(struct docker_events *w, uv_loop_t *loop,
                        struct http_client *http, struct docker_version *version,
                        struct engine_limits *limits);
void docker_events_start(struct docker_events *w, const struct engine_events *told);
bool docker_events_is_up(const struct docker_events *w);

/* A call found that the engine doesn't answer: the watch begins anew. */
void docker_events_suspect(struct docker_events *w, const struct err *e);

void docker_events_close(struct docker_events *w, struct loop_close *c);

/* One event. ERR_BAD_MESSAGE for a line that is none of a container's life,
 * ERR_NO_MEMORY. Pure. */
struct docker_event {
    char id[DOCKER_ID_MAX + 1];
    char action[64];
};
int docker_event_parse(const char *line, size_t n, struct docker_event *out) MUST_CHECK;
