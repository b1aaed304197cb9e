/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "manager/control.h"
#include "store/store.h"
#include "swarm/logbroker.pb-c.h"

/*
 * What the API sees of the node behind it: views to read, requests to write. The API
 * never sees the storage. Callbacks come from the loop, exactly once, never from within
 * the call.
 */

/* r and e tell the failure; o (lent) is the object as written, NULL after a removal. */
typedef void (*backend_done)(int r, const struct err *e, const struct object *o,
                             void *user);

enum swarm_state {
    SWARM_INACTIVE, /* no swarm: before init, or after leave */
    SWARM_ACTIVE,
    SWARM_LOCKED,
    SWARM_ERROR, /* it has one but can't run it; the text says why */
};

/* What /info and /swarm need to know of this node. Lent, valid until the next return to
 * the loop. */
struct backend_swarm {
    enum swarm_state state;
    const char *error;        /* "" */
    const char *node_id;      /* "" when inactive */
    const char *node_addr;    /* "10.0.0.1" */
    const char *manager_addr; /* "10.0.0.1:2377" */
    bool is_manager;
    bool is_auto; /* made by itself at first start; init on it still answers as on a fresh
                     node */
    const char *root_ca_pem;
    const void *ca_subject, *ca_spki; /* DER */
    size_t ca_subject_len, ca_spki_len;
};

struct backend_init {
    const char *listen_addr, *advertise_addr, *data_path_addr;
    const char *availability; /* "", "active", "pause", "drain" */
    bool autolock, force_new_cluster;
    uint32_t data_path_port, subnet_size;
    Swarm__ClusterSpec *spec; /* moves in; NULL: defaults */
};

struct backend_logs {
    const char *service_id, *task_id; /* one of them, the other NULL */
    bool stdout_on, stderr_on, follow;
    int64_t tail, since; /* as in engine_log_options */
};

/* A running log request. */
struct backend_log_stream;
typedef void (*backend_log_message)(const Swarm__LogMessage *message, void *user);

struct backend;

struct backend_ops {
    void (*swarm)(struct backend *b, struct backend_swarm *out);

    /* The committed store. ERR_UNAVAILABLE with Docker's text when this node is no
     * (unlocked) manager. */
    int (*view)(struct backend *b, const struct store_view **out, struct err *e);

    /* Writes, as manager/control.h has them. spec moves in, its secret payload in clear:
     * a new one is sealed at once; what comes with an update is compared with the one
     * that is there when the update is run, and wiped. */
    void (*create)(struct backend *b, enum object_kind kind, void *spec,
                   backend_done done, void *user);
    void (*update)(struct backend *b, enum object_kind kind, const char *id,
                   const struct control_update *how, void *spec, backend_done done,
                   void *user);
    void (*remove)(struct backend *b, enum object_kind kind, const char *id, bool force,
                   backend_done done, void *user);

    /* `swarm init` (o in done is the node) and `swarm leave`; errors are Docker's. */
    void (*init)(struct backend *b, struct backend_init *init, backend_done done,
                 void *user);
    void (*leave)(struct backend *b, bool force, backend_done done, void *user);

    /* Watches committed changes: add and remove, as store_watch_*. A watch survives leave
     * and init. */
    void (*watch)(struct backend *b, struct store_watch *w);
    void (*unwatch)(struct backend *b, struct store_watch *w);

    /* Streams the output of a service's or a task's containers; end comes last unless
     * canceled. */
    struct backend_log_stream *(*logs)(
        struct backend *b, const struct backend_logs *what, backend_log_message message,
        void (*end)(int r, const struct err *e, void *user), void *user);
    void (*logs_cancel)(struct backend *b, struct backend_log_stream *l);
    /* Holds back the output at its source until it is to come again; a little that is on
     * its way comes all the same. */
    void (*logs_pause)(struct backend *b, struct backend_log_stream *l, bool is_paused);
};

struct backend {
    const struct backend_ops *ops;
};
