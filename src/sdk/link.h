/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "wire/unary.h"
#include "wire/yamux.h"

/*
 * The connection of a plugin to its engine: exchanges of one request and one answer, each
 * on a stream of its own, opened by either side. Whoever owns the link turns it; a turn
 * waits, sends, receives and brings the exchanges forward, and calls nobody.
 *
 *     the engine's:  reading ──▶ whole ──▶ sdk_exchange_send() ──▶ sent: over, and freed
 *     ours:          sdk_exchange_send() ──▶ reading ──▶ whole
 *     both:          ──▶ dead, when a side resets it or what came is no message
 */

/* The engine's requests that are there, and answers that it hasn't taken, in bytes. The
 * exchange whose request goes beyond is reset; while there are more answers waiting, no
 * more requests should be served. */
#define SDK_REQUESTS_MAX ((size_t)16 * 1024 * 1024)
#define SDK_ANSWERS_MAX ((size_t)16 * 1024 * 1024)

/* A request is whole within this time, or it is reset. */
#define SDK_REQUEST_TIME (30 * CLOCK_SECOND)

struct sdk_link {
    int fd;
    struct yamux *yamux;
    struct buf out; /* what the connection hasn't taken yet */
    size_t sent;
    struct list exchanges;
    bool is_gone; /* the engine has closed the connection; it isn't read any more */
};

struct sdk_exchange {
    struct list link;
    struct sdk_link *owner;
    struct yamux_stream *stream;
    struct unary in;
    struct buf out;
    size_t sent;
    int64_t begun;   /* when it was opened; sdk_now() */
    int64_t arrived; /* when what came was whole */
    bool is_ours;
    bool is_answered; /* there is nothing to be done but to send the rest */
    bool is_dead;
    bool is_kept; /* it is being served: not to be freed, and not the next */
};

/* fd moves in, also when this fails; `early` is what was read from it before. */
int sdk_link_init(struct sdk_link *l, int fd, const struct buf *early,
                  struct err *e) MUST_CHECK;

/* Closes the connection. All zero but fd -1 is fine, too. */
void sdk_link_deinit(struct sdk_link *l);

/*
 * One turn: waits until there is something to do, something came, `other` (may be NULL)
 * has what it waits for, or the deadline; a deadline of 0 doesn't wait. Errors:
 * ERR_BAD_MESSAGE, ERR_RESOURCE_EXHAUSTED, ERR_DEADLINE_EXCEEDED (the engine is mute),
 * ERR_NO_MEMORY, ERR_IO; the connection is of no use then. That the engine is gone is
 * none.
 */
int sdk_link_turn(struct sdk_link *l, int64_t deadline, struct pollfd *other,
                  struct err *e) MUST_CHECK;

/* Is there something that the engine hasn't taken yet? */
bool sdk_link_has_output(const struct sdk_link *l);

/* The engine's oldest request that is whole and wasn't answered; NULL for none. */
struct sdk_exchange *sdk_link_next(struct sdk_link *l);

/* Does an answer wait for the engine to take more of it? */
bool sdk_link_is_answering(const struct sdk_link *l);

/* Is there room for one more answer? */
bool sdk_link_has_room(const struct sdk_link *l);

/* Sends what is in x->out: our request, or the answer to the engine's, which is the
 * link's again then. The stream of a request stays open until it is freed: to a server in
 * Go the end of a stream is that of who asked, and it breaks off what it does for it. */
int sdk_exchange_send(struct sdk_exchange *x, struct err *e) MUST_CHECK;

/* One of ours; what it sends is to be put into its `out`. */
int sdk_exchange_open(struct sdk_link *l, struct sdk_exchange **out,
                      struct err *e) MUST_CHECK;
void sdk_exchange_free(struct sdk_exchange *x);
