/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/api.h"
#include "api/event_history.h"
#include "api/path.h"
#include "api/unready.h"
#include "base/list.h"
#include "loop/loop.h"
#include "net/http_client.h"
#include "oci/offer.h"

/* What the files of this layer share. */
struct api {
    uv_loop_t *loop;
    struct backend *backend;
    char *engine_socket;
    struct http_client *client; /* to the engine */
    bool is_engine_known;
    char engine_least[API_PATH_VERSION_SIZE]; /* its least version; "" without one */
    int (*complete_create)(void *user, json_t *body, struct err *e);
    void *user;
    char *references; /* the folder of records; NULL: references aren't resolved */
    char *files;      /* the folder of their files; may be NULL */
    bool has_runtime; /* the engine's default runtime is coffer-runtime */
    bool falls_back;  /* empty variables are looked for, too */
    struct work_queue records; /* who reads, writes, removes them: one at a time */
    /* Has the engine coffer-runtime? Its word, until this moment (monotonic). */
    enum offer offer;
    int64_t offer_ends;
    struct api_unready unready;
    struct list streams; /* of struct api_stream: to be cut when we stop */
    struct store_watch watch;
    struct api_event_history history;
    bool is_stopping;
    struct loop_close closing;
    void (*closed)(void *user);
    void *closed_user;
};
