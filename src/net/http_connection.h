/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/list.h"
#include "loop/loop.h"
#include "net/http_server.h"
#include "net/stream.h"
#include "wire/http_reader.h"

/* What the files of the server share (http_server.c, http_connection.c, http_exchange.c,
 * http_forward.c); private to this folder. */

/* Bytes that are kept while nobody wants to read them: a body the handler hasn't asked
 * for, or further requests. */
#define HTTP_CONNECTION_INPUT_MAX (64 * 1024)

/* How much of a body nobody wanted is read away to save the connection. */
#define HTTP_CONNECTION_DISCARD_MAX (256 * 1024)

/* How long a connection that closes gives its client to read the answer, and how much of
 * the body is read away meanwhile: as much as any request may bring, since many clients
 * look for an answer only when all is sent. */
#define HTTP_CONNECTION_LINGER (2 * CLOCK_SECOND)
#define HTTP_CONNECTION_LINGER_MAX (4 * 1024 * 1024)

enum http_phase {
    HTTP_PHASE_IDLE,     /* no byte of a request yet */
    HTTP_PHASE_HEAD,     /* in a head */
    HTTP_PHASE_EXCHANGE, /* the handler has the exchange */
    HTTP_PHASE_RAW,      /* the same, and what comes is no HTTP any more */
    HTTP_PHASE_DISCARD,  /* answered; the rest of the body is dropped */
    HTTP_PHASE_LINGER,   /* closes once the answer is out and the client has seen it */
    HTTP_PHASE_CLOSED,   /* the socket is being closed, or is */
};

enum http_body_mode {
    HTTP_BODY_HOLD, /* nobody asked for it */
    HTTP_BODY_COLLECT,
    HTTP_BODY_SINK,
};

enum http_framing {
    HTTP_FRAMING_NONE, /* no body */
    HTTP_FRAMING_LENGTH,
    HTTP_FRAMING_CHUNKED,
    HTTP_FRAMING_CLOSE, /* until the connection ends */
    HTTP_FRAMING_RAW,   /* no HTTP any more */
};

/* Who takes a request's body, and the bytes of an upgraded connection, as they come. */
struct http_sink {
    void (*on_body)(struct http_exchange *x, const char *data, size_t n);
    void (*on_body_end)(struct http_exchange *x);
    void (*on_raw)(struct http_exchange *x, const char *data, size_t n);
    /* The client writes no more (raw only). */
    void (*on_eof)(struct http_exchange *x);
    /* The client went away, or its body is malformed: the connection is lost. */
    void (*on_gone)(struct http_exchange *x);
    void (*on_drain)(struct http_exchange *x);
};

typedef void (*http_exchange_cb)(struct http_exchange *x, void *user);
typedef void (*http_take_cb)(int code, int fd, struct buf *early, const struct err *e,
                             void *user);
typedef void (*http_collect_cb)(struct http_exchange *x, int code, struct buf *body,
                                const struct err *e, void *user);

struct http_connection;

struct http_exchange {
    struct http_connection *connection;
    http_exchange_cb close_cb, drain_cb;
    void *close_user, *drain_user;

    enum http_body_mode body_mode;
    http_collect_cb collect_cb; /* NULL: none is under way */
    void *collect_user;
    size_t collect_max;
    int collect_code;
    struct buf body;
    const struct http_sink *sink;
    void *sink_user;
    bool is_sink_paused;
    bool wants_continue; /* the client waits for "100 Continue" */

    http_take_cb take_cb; /* NULL: the connection stays */
    void *take_user;
    const void *take_answer;
    size_t take_n;

    bool is_started; /* the head of the answer is out */
    enum http_framing framing;
};

struct http_connection {
    struct list link;
    struct http_server *server;
    struct stream stream;
    struct http_reader reader;
    struct http_url url;
    struct buf input; /* arrived, not yet read */
    struct buf out;   /* where heads are put together */
    struct timer timer;
    struct defer wake;
    struct loop_close closing;
    struct ucred peer;
    bool has_peer;
    bool is_stranger; /* counted apart */
    enum http_phase phase;
    bool is_read;     /* the whole request was read */
    bool is_broken;   /* what follows can't be read */
    bool is_eof;      /* the client writes no more */
    bool is_eof_told; /* and the sink knows */
    bool is_held;     /* the exchange is in the handler's hands */
    bool is_closed;   /* the socket is closed; what is left is memory */
    bool is_stepping;
    bool keep_alive;
    size_t discarded;
    size_t unsent; /* what waited for the client when the timer was started */
    struct http_exchange x;
};

union http_socket {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_pipe_t pipe;
    uv_tcp_t tcp;
};

struct http_listener {
    union http_socket uv;
    struct http_server *server;
    union http_socket refused; /* a connection too many, on its way out */
    bool is_refusing;
    bool is_pending; /* one more waits for its turn */
    bool is_tcp;
    char *path; /* ours to remove; NULL: not ours */
    dev_t device;
    ino_t inode;
};

struct http_server {
    uv_loop_t *loop;
    struct http_server_options options;
    struct http_listener listeners[HTTP_SERVER_LISTENERS_MAX];
    size_t n_listeners;
    struct list connections;
    size_t n_connections, n_strangers;
    struct defer_queue defers;
    struct timer grace_timer;
    struct loop_close closing;
    bool is_closing;
    void (*close_cb)(void *user);
    void *close_user;
    char *read_buffer;
    int64_t date_second;
    char date[40]; /* for the header Date, made once a second */
};

/* http_connection.c */

/* Takes the connection that waits. ERR_NO_MEMORY: it waits still. One that is broken
 * already is taken and closed. */
int http_connection_accept(struct http_server *s, uv_stream_t *listener,
                           bool is_tcp) MUST_CHECK;
/* Cuts it; who holds the exchange is told. Only from the loop. */
void http_connection_cut(struct http_connection *c);
/* Closes it without a word; no callback comes. */
void http_connection_close(struct http_connection *c);
/* Closes it when it does nothing, else after the exchange at hand. */
void http_connection_retire(struct http_connection *c);
/* The handler is done with the exchange. */
void http_connection_release(struct http_connection *c);

/* http_take.c: hands the connection over, or tells why not. The exchange ends. */
void http_connection_take(struct http_connection *c);

/* http_server.c */
void http_server_check_closed(struct http_server *s);
const char *http_server_date(struct http_server *s);

/* http_exchange.c: the inside of answers. */

/* Writes the head of an answer. With is_forwarded the server's own headers replace those
 * of the same name. An error means that the connection is lost or cut. */
int http_exchange_send_head(struct http_exchange *x, int status,
                            const struct http_header *headers, size_t n_headers,
                            enum http_framing framing, uint64_t length, bool is_forwarded,
                            const char *body, size_t n) MUST_CHECK;
/* Writes a piece of the body in the framing chosen, without a limit on what waits. */
int http_exchange_send_body(struct http_exchange *x, const char *data,
                            size_t n) MUST_CHECK;
/* Lets the client send the body it holds back. */
int http_exchange_send_continue(struct http_exchange *x) MUST_CHECK;
/* Gives the request's body, and later bytes, to a sink. */
void http_exchange_set_sink(struct http_exchange *x, const struct http_sink *sink,
                            void *user);
void http_exchange_pause(struct http_exchange *x);
void http_exchange_resume(struct http_exchange *x);
