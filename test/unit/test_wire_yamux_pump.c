/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sessions against each other: many streams that both sides open, megabytes both
 * ways, over a wire that cuts anywhere and a reader that dawdles. All bytes arrive, in
 * order, on their stream.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/yamux.h"

#define STREAMS 40 /* that each side opens */
#define PIECE_MAX 5000

/* One end of a stream. What it sends is a sequence that its id and side determine. */
struct end {
    struct yamux_stream *stream;
    uint32_t to_send, sent, received;
    bool is_closed, is_finished, has_unread;
};

struct side {
    struct yamux *y;
    unsigned number;                  /* 0: client, 1: server */
    struct end ends[2 * STREAMS + 3]; /* by id */
    struct buf wire;                  /* what is on the way from it */
    size_t n_over;
};

struct pump {
    struct side sides[2];
    uint64_t random;
};

static uint32_t draw(struct pump *p, uint32_t below)
{
    p->random ^= p->random << 13;
    p->random ^= p->random >> 7;
    p->random ^= p->random << 17;
    return (uint32_t)(p->random >> 20) % below;
}

static char byte_at(unsigned side, uint32_t id, uint32_t at)
{
    return (char)((at * 2654435761U >> 13) + id * 31 + side * 7);
}

/* A few bytes, or about as much as a window or two. */
static uint32_t draw_length(struct pump *p)
{
    return draw(p, 3) ? draw(p, 3000) : draw(p, 3 * YAMUX_WINDOW);
}

static struct end *begin(struct pump *p, struct side *s, struct yamux_stream *stream)
{
    uint32_t id = yamux_stream_id(stream);
    assert_true(id < ARRAY_SIZE(s->ends));
    struct end *end = &s->ends[id];
    assert_null(end->stream);
    end->stream = stream;
    end->to_send = draw_length(p);
    yamux_stream_set_user(stream, end);
    return end;
}

static void send_some(struct pump *p, struct side *s, struct end *end)
{
    char piece[PIECE_MAX];
    uint32_t n = 1 + draw(p, PIECE_MAX), left = end->to_send - end->sent;
    uint32_t id = yamux_stream_id(end->stream);
    size_t taken;
    n = n < left ? n : left;
    for (uint32_t i = 0; i < n; i++)
        piece[i] = byte_at(s->number, id, end->sent + i);
    assert_int_equal(yamux_stream_write(end->stream, piece, n, &taken, NULL), 0);
    end->sent += (uint32_t)taken;
    if (end->sent < end->to_send)
        return;
    assert_int_equal(yamux_stream_close(end->stream, NULL), 0);
    end->is_closed = true;
}

static void read_all(struct side *s, struct end *end)
{
    struct buf in = BUF_INIT;
    uint32_t id = yamux_stream_id(end->stream);
    assert_int_equal(yamux_stream_read(end->stream, &in, NULL), 0);
    for (size_t i = 0; i < in.len; i++)
        if (in.data[i] != byte_at(1 - s->number, id, end->received + (uint32_t)i))
            fail();
    end->received += (uint32_t)in.len;
    end->has_unread = false;
    buf_deinit(&in);
}

static void work(struct pump *p, struct side *s, struct end *end)
{
    if (!end->stream)
        return;
    if (!end->is_closed && draw(p, 2))
        send_some(p, s, end);
    if (end->has_unread && draw(p, 3) == 0)
        read_all(s, end);
    if (!end->is_closed || !end->is_finished || end->has_unread)
        return;
    yamux_stream_release(end->stream);
    end->stream = NULL;
    s->n_over++;
}

static void take_events(struct pump *p, struct side *s)
{
    unsigned events;
    for (struct yamux_stream *st; (st = yamux_next(s->y, &events));) {
        struct end *end = yamux_stream_user(st);
        if (events & YAMUX_OPENED)
            end = begin(p, s, st);
        assert_non_null(end);
        assert_false(events & YAMUX_RESET);
        end->has_unread |= (events & YAMUX_READABLE) != 0;
        end->is_finished |= (events & YAMUX_FINISHED) != 0;
    }
}

/* Moves a piece of what is on the way. */
static void carry(struct pump *p, struct side *from, struct side *to)
{
    size_t n = draw(p, 3) ? draw(p, 20) : draw(p, 100000);
    n = n < from->wire.len ? n : from->wire.len;
    char *piece = malloc(n ? n : 1);
    assert_non_null(piece);
    if (n)
        memcpy(piece, from->wire.data, n);
    buf_consume(&from->wire, n);
    assert_int_equal(yamux_feed(to->y, piece, n, NULL), 0);
    free(piece);
    take_events(p, to);
    if (!from->wire.len)
        assert_int_equal(yamux_drain(from->y, &from->wire, NULL), 0);
}

static void open_streams(struct pump *p, struct side *s)
{
    for (int i = 0; i < STREAMS; i++) {
        struct yamux_stream *stream;
        assert_int_equal(yamux_stream_open(s->y, &stream, NULL), 0);
        begin(p, s, stream);
    }
}

static void check_received(const struct pump *p)
{
    for (int side = 0; side < 2; side++)
        for (size_t id = 1; id <= 2 * STREAMS; id++)
            assert_int_equal(p->sides[side].ends[id].received,
                             p->sides[1 - side].ends[id].to_send);
}

static void run(uint64_t seed)
{
    struct pump p = {.random = seed};
    for (unsigned i = 0; i < 2; i++) {
        p.sides[i].number = i;
        p.sides[i].y = yamux_new(i ? YAMUX_SERVER : YAMUX_CLIENT, 0);
        assert_non_null(p.sides[i].y);
        open_streams(&p, &p.sides[i]);
    }
    while (p.sides[0].n_over + p.sides[1].n_over < 4 * STREAMS)
        for (unsigned i = 0; i < 2; i++) {
            struct side *s = &p.sides[i];
            carry(&p, s, &p.sides[1 - i]);
            for (size_t id = 1; id < ARRAY_SIZE(s->ends); id++)
                work(&p, s, &s->ends[id]);
        }
    check_received(&p);
    for (unsigned i = 0; i < 2; i++) {
        yamux_free(p.sides[i].y);
        buf_deinit(&p.sides[i].wire);
    }
}

static void all_bytes_arrive_in_order_however_the_wire_cuts_them(void **state)
{
    for (uint64_t seed = 1; seed <= 5; seed++)
        run(seed * UINT64_C(0x9e3779b97f4a7c15));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_bytes_arrive_in_order_however_the_wire_cuts_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
