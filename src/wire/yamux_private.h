/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/list.h"
#include "wire/yamux.h"

/* What the files of the yamux machine share. */

#define YAMUX_HEAD_SIZE 12

/* Chains of the table that finds streams by their numbers. */
#define YAMUX_CHAINS 64

enum {
    TYPE_DATA = 0,
    TYPE_WINDOW = 1,
    TYPE_PING = 2,
    TYPE_GO_AWAY = 3,

    FLAG_SYN = 1,
    FLAG_ACK = 2,
    FLAG_FIN = 4,
    FLAG_RST = 8,

    AWAY_NORMAL = 0,
    AWAY_PROTOCOL = 1,
    AWAY_INTERNAL = 2,
};

struct yamux_stream {
    struct yamux *y;
    struct list all;   /* in y->streams, or y->released */
    struct list chain; /* in y->chains, until it is dead */
    struct list ready; /* in y->ready, when it has events */
    unsigned events;
    uint32_t id;
    uint32_t send_window; /* what the other side takes still */
    uint32_t window;      /* what we take still */
    struct buf received;
    bool is_closed;   /* we send no more */
    bool is_finished; /* the other side sends no more */
    bool is_dead;
    bool is_released;
    bool wants_room; /* a write was cut short */
    int64_t deadline;
    void *user;
};

struct yamux {
    enum yamux_role role;
    int64_t now; /* of the last tick */
    uint32_t next_id;
    struct list streams; /* the caller's */
    struct list released;
    struct list chains[YAMUX_CHAINS];
    struct list ready;
    size_t n_streams;
    size_t received;
    struct buf out;
    bool is_going; /* we said so */
    bool is_refusing;

    uint8_t head[YAMUX_HEAD_SIZE];
    size_t head_len;
    uint32_t body_id;   /* of the data frame that is being read; 0: it is dropped */
    uint32_t body_left; /* of it */
    bool body_is_last;  /* the stream ends with it */

    bool is_ping_sent;
    uint32_t ping;
    int64_t next_ping, ping_deadline;

    struct err failure; /* code 0: none */
};

/* Ends the session: the go-away of this kind (-1 for none) is sent, all streams die.
 * Returns code, and sets *e from `why`, which may be e itself. */
int yamux_fail(struct yamux *y, int code, int away, const struct err *why, struct err *e);

/* The error that the session ended with, 0 when it didn't. */
int yamux_failure(const struct yamux *y, struct err *e) MUST_CHECK;

/* Appends the head of a frame to the output. */
int yamux_emit(struct yamux *y, uint8_t type, uint16_t flags, uint32_t id,
               uint32_t length, struct err *e) MUST_CHECK;

/* How many bytes of data the output takes still. */
size_t yamux_room(const struct yamux *y);

/* ---- streams (yamux_stream.c) ---- */

/* A new stream, in the tables. NULL when there is no memory. */
struct yamux_stream *yamux_stream_new(struct yamux *y, uint32_t id) MUST_CHECK;
void yamux_stream_free(struct yamux_stream *s);

/* The stream of that number that isn't dead, or NULL. */
struct yamux_stream *yamux_stream_find(struct yamux *y, uint32_t id);

/* Tells the caller, unless the stream was released. */
void yamux_stream_tell(struct yamux_stream *s, unsigned events);

/* Nothing is sent or taken any more. One that was released is freed. */
void yamux_stream_die(struct yamux_stream *s);

/* The other side sends no more. May free the stream, as above. */
void yamux_stream_finish(struct yamux_stream *s);

/* Tells one that waits for room, if there is some. */
void yamux_stream_tell_room(struct yamux_stream *s);
