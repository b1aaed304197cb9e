/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fault_malloc.h"
#include "wire/yamux.h"
#include "wire_capture.h"

enum {
    DATA,
    WINDOW,
    PING,
    GO_AWAY
};
enum {
    SYN = 1,
    ACK = 2,
    FIN = 4,
    RST = 8
};

static void put_frame(struct buf *b, int type, int flags, uint32_t id, uint32_t length)
{
    const uint8_t head[12] = {
        0,
        (uint8_t)type,
        0,
        (uint8_t)flags,
        (uint8_t)(id >> 24),
        (uint8_t)(id >> 16),
        (uint8_t)(id >> 8),
        (uint8_t)id,
        (uint8_t)(length >> 24),
        (uint8_t)(length >> 16),
        (uint8_t)(length >> 8),
        (uint8_t)length,
    };
    assert_int_equal(buf_append(b, head, sizeof(head)), 0);
}

static int feed_frame(struct yamux *y, int type, int flags, uint32_t id, uint32_t length,
                      struct err *e)
{
    cleanup_buf struct buf b = BUF_INIT;
    put_frame(&b, type, flags, id, length);
    return yamux_feed(y, b.data, b.len, e);
}

static int feed_zeros(struct yamux *y, size_t n)
{
    static const char zeros[4096];
    for (int r; n; n -= n < sizeof(zeros) ? n : sizeof(zeros)) {
        r = yamux_feed(y, zeros, n < sizeof(zeros) ? n : sizeof(zeros), NULL);
        if (r)
            return r;
    }
    return 0;
}

static void assert_output(struct yamux *y, int type, int flags, uint32_t id,
                          uint32_t length)
{
    cleanup_buf struct buf out = BUF_INIT, wanted = BUF_INIT;
    put_frame(&wanted, type, flags, id, length);
    assert_int_equal(yamux_drain(y, &out, NULL), 0);
    assert_int_equal(out.len, wanted.len);
    assert_memory_equal(out.data, wanted.data, wanted.len);
}

static void drop_output(struct yamux *y)
{
    cleanup_buf struct buf out = BUF_INIT;
    (void)!yamux_drain(y, &out, NULL);
}

/* The stream that the other side opens by feeding. */
static struct yamux_stream *accept_stream(struct yamux *y, uint32_t id)
{
    unsigned events = 0;
    assert_int_equal(feed_frame(y, WINDOW, SYN, id, 0, NULL), 0);
    struct yamux_stream *s = yamux_next(y, &events);
    assert_non_null(s);
    assert_int_equal(events, YAMUX_OPENED);
    assert_int_equal(yamux_stream_id(s), id);
    drop_output(y);
    return s;
}

static struct yamux *new_server(void)
{
    struct yamux *y = yamux_new(YAMUX_SERVER, 0);
    assert_non_null(y);
    return y;
}

static unsigned next_events(struct yamux *y, struct yamux_stream *of)
{
    unsigned events = 0;
    struct yamux_stream *s = yamux_next(y, &events);
    assert_ptr_equal(s, events ? of : NULL);
    return events;
}

/* ---- the recorded session ---- */

/* Where the yamux bytes begin: behind the first head. */
static void read_session(const char *name, struct buf *out)
{
    capture_read(name, out);
    buf_consume(out, capture_head_size(out));
}

static void write_whole(struct yamux_stream *s, const char *data, size_t n)
{
    size_t taken;
    assert_int_equal(yamux_stream_write(s, data, n, &taken, NULL), 0);
    assert_int_equal(taken, n);
}

/* Replays one side's frames through a machine of ours: what it is made to do by the
 * frames' meaning must give the frames again. */
static void replay(struct yamux *y, const struct buf *session, const struct buf *other)
{
    struct yamux_stream *streams[8] = {0};
    size_t fed = 0;
    for (size_t at = 0; at < session->len;) {
        const uint8_t *h = (const uint8_t *)session->data + at;
        uint32_t id = h[7], length = (uint32_t)(h[10] << 8 | h[11]);
        unsigned events;
        if (h[1] == WINDOW && h[3] == SYN) {
            assert_int_equal(yamux_stream_open(y, &streams[id], NULL), 0);
        } else if (h[1] == WINDOW && h[3] == ACK) {
            /* Feeds up to what made the other side say so. */
            for (; !streams[id]; fed++) {
                assert_true(fed < other->len);
                assert_int_equal(yamux_feed(y, other->data + fed, 1, NULL), 0);
                struct yamux_stream *s = yamux_next(y, &events);
                if (s && events & YAMUX_OPENED)
                    streams[yamux_stream_id(s)] = s;
            }
        } else if (h[1] == DATA) {
            write_whole(streams[id], (const char *)h + 12, length);
        } else if (h[1] == WINDOW && h[3] == FIN) {
            assert_int_equal(yamux_stream_close(streams[id], NULL), 0);
        } else {
            assert_int_equal(h[1], GO_AWAY);
            assert_int_equal(yamux_go_away(y, NULL), 0);
        }
        at += 12 + (h[1] == DATA ? length : 0);
    }
    assert_int_equal(yamux_feed(y, other->data + fed, other->len - fed, NULL), 0);
}

static void our_bytes_are_those_of_a_go_program(void **state)
{
    for (int side = YAMUX_CLIENT; side <= YAMUX_SERVER; side++) {
        cleanup_buf struct buf c2s = BUF_INIT, s2c = BUF_INIT, out = BUF_INIT;
        cleanup_yamux struct yamux *y = yamux_new((enum yamux_role)side, 0);
        assert_non_null(y);
        read_session("cap.0.c2s", &c2s);
        read_session("cap.0.s2c", &s2c);
        const struct buf *ours = side == YAMUX_CLIENT ? &c2s : &s2c;
        replay(y, ours, side == YAMUX_CLIENT ? &s2c : &c2s);
        assert_int_equal(yamux_drain(y, &out, NULL), 0);
        assert_int_equal(out.len, ours->len);
        assert_memory_equal(out.data, ours->data, out.len);
        assert_int_equal(yamux_is_refusing(y), side == YAMUX_SERVER);
    }
}

/* ---- streams ---- */

static void what_is_written_arrives_and_ends(void **state)
{
    cleanup_yamux struct yamux *y = new_server();
    cleanup_buf struct buf in = BUF_INIT;
    struct yamux_stream *s = accept_stream(y, 1);
    assert_int_equal(feed_frame(y, DATA, FIN, 1, 5, NULL), 0);
    assert_int_equal(yamux_feed(y, "he", 2, NULL), 0);
    assert_int_equal(next_events(y, s), YAMUX_READABLE);
    assert_int_equal(yamux_feed(y, "llo", 3, NULL), 0);
    assert_int_equal(next_events(y, s), YAMUX_READABLE | YAMUX_FINISHED);
    assert_int_equal(yamux_stream_read(s, &in, NULL), 0);
    assert_string_equal(in.data, "hello");
    assert_null(yamux_stream_user(s));
    yamux_stream_release(s);
    assert_output(y, WINDOW, FIN, 1, 0);
    assert_int_equal(yamux_n_streams(y), 0);
}

static void a_window_is_given_back_when_half_of_it_was_read(void **state)
{
    cleanup_yamux struct yamux *y = new_server();
    cleanup_buf struct buf in = BUF_INIT;
    struct yamux_stream *s = accept_stream(y, 1);
    assert_int_equal(feed_frame(y, DATA, 0, 1, YAMUX_WINDOW / 2 - 1, NULL), 0);
    assert_int_equal(feed_zeros(y, YAMUX_WINDOW / 2 - 1), 0);
    assert_int_equal(yamux_stream_read(s, &in, NULL), 0);
    assert_false(yamux_has_output(y));
    assert_int_equal(feed_frame(y, DATA, 0, 1, 1, NULL), 0);
    assert_int_equal(feed_zeros(y, 1), 0);
    assert_int_equal(yamux_stream_read(s, &in, NULL), 0);
    assert_int_equal(in.len, YAMUX_WINDOW / 2);
    assert_output(y, WINDOW, 0, 1, YAMUX_WINDOW / 2);
}

static void bytes_that_have_not_come_yet_are_not_given_back(void **state)
{
    cleanup_yamux struct yamux *y = new_server();
    cleanup_buf struct buf in = BUF_INIT;
    struct yamux_stream *s = accept_stream(y, 1);
    assert_int_equal(feed_frame(y, DATA, 0, 1, YAMUX_WINDOW, NULL), 0);
    assert_int_equal(feed_zeros(y, YAMUX_WINDOW / 2), 0);
    assert_int_equal(yamux_stream_read(s, &in, NULL), 0);
    assert_output(y, WINDOW, 0, 1, YAMUX_WINDOW / 2);
    assert_int_equal(feed_zeros(y, YAMUX_WINDOW / 2), 0);
    assert_int_equal(yamux_stream_read(s, &in, NULL), 0);
    assert_output(y, WINDOW, 0, 1, YAMUX_WINDOW / 2);
}

static void a_write_stops_at_the_window_and_goes_on(void **state)
{
    static char data[YAMUX_WINDOW];
    cleanup_yamux struct yamux *y = new_server();
    struct yamux_stream *s = accept_stream(y, 1);
    size_t total = 0;
    for (size_t taken = 1; taken;) {
        assert_int_equal(yamux_stream_write(s, data, sizeof(data), &taken, NULL), 0);
        total += taken;
        drop_output(y);
    }
    assert_int_equal(total, YAMUX_WINDOW);
    while (next_events(y, s))
        ;
    assert_int_equal(feed_frame(y, WINDOW, 0, 1, 10, NULL), 0);
    assert_int_equal(next_events(y, s), YAMUX_WRITABLE);
    size_t taken;
    assert_int_equal(yamux_stream_write(s, data, 11, &taken, NULL), 0);
    assert_int_equal(taken, 10);
}

static void output_that_is_not_drained_takes_no_more(void **state)
{
    static char data[YAMUX_WINDOW];
    cleanup_yamux struct yamux *y = new_server();
    struct yamux_stream *s = accept_stream(y, 1), *other = accept_stream(y, 3);
    size_t taken;
    assert_int_equal(yamux_stream_write(s, data, sizeof(data), &taken, NULL), 0);
    assert_int_equal(taken, YAMUX_OUTPUT_MAX - 12);
    assert_int_equal(yamux_stream_write(other, data, 1, &taken, NULL), 0);
    assert_int_equal(taken, 0);
    assert_int_equal(next_events(y, other), 0);
    drop_output(y);
    unsigned events;
    assert_non_null(yamux_next(y, &events));
    assert_int_equal(events, YAMUX_WRITABLE);
    assert_non_null(yamux_next(y, &events));
    assert_int_equal(events, YAMUX_WRITABLE);
}

static void a_reset_kills_a_stream_on_both_sides(void **state)
{
    cleanup_yamux struct yamux *y = new_server();
    cleanup_buf struct buf in = BUF_INIT;
    struct yamux_stream *s = accept_stream(y, 1);
    size_t taken;
    assert_int_equal(feed_frame(y, DATA, 0, 1, 3, NULL), 0);
    assert_int_equal(yamux_feed(y, "abc", 3, NULL), 0);
    assert_int_equal(feed_frame(y, WINDOW, RST, 1, 0, NULL), 0);
    assert_true(next_events(y, s) & YAMUX_RESET);
    assert_int_equal(yamux_stream_read(s, &in, NULL), ERR_UNAVAILABLE);
    assert_int_equal(yamux_stream_write(s, "x", 1, &taken, NULL), ERR_UNAVAILABLE);
    yamux_stream_release(s);
    s = accept_stream(y, 3);
    assert_int_equal(yamux_stream_reset(s, NULL), 0);
    assert_output(y, WINDOW, RST, 3, 0);
    assert_int_equal(feed_frame(y, DATA, 0, 3, 3, NULL), 0); /* it was under way */
    assert_int_equal(yamux_feed(y, "abc", 3, NULL), 0);
    yamux_stream_release(s);
    assert_int_equal(yamux_n_streams(y), 0);
}

static void bytes_for_a_released_stream_reset_it(void **state)
{
    cleanup_yamux struct yamux *y = new_server();
    yamux_stream_release(accept_stream(y, 1));
    assert_output(y, WINDOW, FIN, 1, 0);
    assert_int_equal(yamux_n_streams(y), 1);
    assert_int_equal(feed_frame(y, DATA, 0, 1, 2, NULL), 0);
    assert_int_equal(yamux_feed(y, "a", 1, NULL), 0);
    assert_output(y, WINDOW, RST, 1, 0);
    assert_int_equal(yamux_feed(y, "b", 1, NULL), 0);
    assert_int_equal(yamux_n_streams(y), 0);
    struct yamux_stream *s = accept_stream(y, 3);
    assert_int_equal(feed_frame(y, DATA, 0, 3, 1, NULL), 0);
    assert_int_equal(yamux_feed(y, "a", 1, NULL), 0);
    yamux_stream_release(s); /* unread */
    assert_output(y, WINDOW, RST, 3, 0);
    assert_int_equal(yamux_n_streams(y), 0);
}

static void a_released_stream_waits_for_its_end_but_not_for_ever(void **state)
{
    cleanup_yamux struct yamux *y = new_server();
    yamux_stream_release(accept_stream(y, 1));
    yamux_stream_release(accept_stream(y, 3));
    drop_output(y);
    assert_int_equal(feed_frame(y, WINDOW, FIN, 1, 0, NULL), 0);
    assert_int_equal(yamux_n_streams(y), 1);
    for (int64_t t = 0; t < YAMUX_CLOSE_TIMEOUT; t = yamux_deadline(y)) {
        assert_int_equal(yamux_tick(y, t, NULL), 0);
        drop_output(y);
        assert_int_equal(
            feed_frame(y, PING, ACK, 0, (uint32_t)(t / YAMUX_KEEP_ALIVE), NULL), 0);
    }
    assert_int_equal(yamux_n_streams(y), 1);
    assert_int_equal(yamux_tick(y, YAMUX_CLOSE_TIMEOUT, NULL), 0);
    assert_int_equal(yamux_n_streams(y), 0);
}

static void streams_are_limited_on_both_sides(void **state)
{
    cleanup_yamux struct yamux *y = new_server();
    struct yamux_stream *s;
    for (uint32_t i = 0; i < YAMUX_STREAMS_MAX; i++)
        s = accept_stream(y, 2 * i + 1);
    assert_int_equal(yamux_stream_open(y, &s, NULL), ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(feed_frame(y, DATA, SYN, 2 * YAMUX_STREAMS_MAX + 1, 1, NULL), 0);
    assert_output(y, WINDOW, RST, 2 * YAMUX_STREAMS_MAX + 1, 0);
    assert_int_equal(yamux_feed(y, "x", 1, NULL), 0);
    assert_int_equal(yamux_n_streams(y), YAMUX_STREAMS_MAX);
}

static void who_sends_too_much_on_many_streams_loses_one(void **state)
{
    cleanup_yamux struct yamux *y = new_server();
    size_t most = YAMUX_RECEIVED_MAX / YAMUX_WINDOW;
    struct yamux_stream *s = NULL;
    for (uint32_t i = 0; i <= most; i++) {
        s = accept_stream(y, 2 * i + 1);
        assert_int_equal(feed_frame(y, DATA, 0, 2 * i + 1, YAMUX_WINDOW, NULL), 0);
        assert_int_equal(feed_zeros(y, YAMUX_WINDOW), 0);
        unsigned events = next_events(y, s);
        assert_int_equal(events, i < most ? YAMUX_READABLE : YAMUX_RESET);
    }
}

/* ---- the session ---- */

static void pings_are_answered_and_sent(void **state)
{
    cleanup_yamux struct yamux *y = new_server();
    struct err e = {0};
    assert_int_equal(feed_frame(y, PING, SYN, 0, 77, NULL), 0);
    assert_output(y, PING, ACK, 0, 77);
    assert_int_equal(yamux_deadline(y), YAMUX_KEEP_ALIVE);
    assert_int_equal(yamux_tick(y, YAMUX_KEEP_ALIVE - 1, NULL), 0);
    assert_false(yamux_has_output(y));
    assert_int_equal(yamux_tick(y, YAMUX_KEEP_ALIVE, NULL), 0);
    assert_output(y, PING, SYN, 0, 1);
    assert_int_equal(yamux_deadline(y), YAMUX_KEEP_ALIVE + YAMUX_PING_TIMEOUT);
    assert_int_equal(feed_frame(y, PING, ACK, 0, 1, NULL), 0);
    assert_int_equal(yamux_deadline(y), 2 * YAMUX_KEEP_ALIVE);
    assert_int_equal(yamux_tick(y, 2 * YAMUX_KEEP_ALIVE, NULL), 0);
    assert_output(y, PING, SYN, 0, 2);
    assert_int_equal(yamux_tick(y, 2 * YAMUX_KEEP_ALIVE + YAMUX_PING_TIMEOUT, &e),
                     ERR_DEADLINE_EXCEEDED);
    assert_string_equal(e.text, "yamux: the other side doesn't answer a ping");
    assert_int_equal(yamux_feed(y, "", 1, NULL), ERR_DEADLINE_EXCEEDED);
    assert_int_equal(yamux_deadline(y), CLOCK_NEVER);
}

static void after_a_go_away_nothing_is_opened(void **state)
{
    cleanup_yamux struct yamux *y = new_server();
    struct yamux_stream *s;
    assert_int_equal(yamux_go_away(y, NULL), 0);
    assert_int_equal(yamux_go_away(y, NULL), 0);
    assert_output(y, GO_AWAY, 0, 0, 0);
    assert_int_equal(feed_frame(y, WINDOW, SYN, 1, 0, NULL), 0);
    assert_output(y, WINDOW, RST, 1, 0);
    assert_int_equal(feed_frame(y, GO_AWAY, 0, 0, 0, NULL), 0);
    assert_true(yamux_is_refusing(y));
    assert_int_equal(yamux_stream_open(y, &s, NULL), ERR_UNAVAILABLE);
    struct err e = {0};
    assert_int_equal(feed_frame(y, GO_AWAY, 0, 0, 2, &e), ERR_UNAVAILABLE);
    assert_string_equal(e.text, "yamux: the other side gave up: internal error");
}

static void a_lost_connection_resets_all_streams(void **state)
{
    cleanup_yamux struct yamux *y = new_server();
    struct yamux_stream *s = accept_stream(y, 1);
    yamux_stream_release(accept_stream(y, 3));
    yamux_lost(y);
    assert_int_equal(next_events(y, s), YAMUX_RESET);
    assert_int_equal(yamux_n_streams(y), 1);
}

struct breach {
    int type, flags;
    uint32_t id, length;
    const char *words;
};

static void what_breaks_the_protocol_ends_the_session(void **state)
{
    static const struct breach breaches[] = {
        {4, 0, 0, 0, "yamux: the other side sent a frame of the unknown type 4"},
        {DATA, SYN, 0, 0, "yamux: the other side speaks on stream 0"},
        {WINDOW, 0, 0, 0, "yamux: the other side speaks on stream 0"},
        {WINDOW, SYN, 1, 0, "yamux: the other side opened stream 1 twice"},
        {WINDOW, SYN, 4, 0,
         "yamux: the other side opened stream 4, whose number is ours"},
        {DATA, 0, 2, 1, "yamux: the other side speaks on stream 2, which wasn't opened"},
        {DATA, 0, 1, YAMUX_WINDOW + 1,
         "yamux: the other side sent a frame of 262145 bytes"},
        {WINDOW, 0, 1, UINT32_MAX,
         "yamux: the other side opened a window beyond all numbers"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(breaches); i++) {
        const struct breach *b = &breaches[i];
        cleanup_yamux struct yamux *y = new_server();
        cleanup_buf struct buf out = BUF_INIT, away = BUF_INIT;
        struct yamux_stream *s = accept_stream(y, 1);
        struct err e = {0};
        assert_int_equal(feed_frame(y, b->type, b->flags, b->id, b->length, &e),
                         ERR_BAD_MESSAGE);
        assert_string_equal(e.text, b->words);
        assert_true(next_events(y, s) & YAMUX_RESET);
        put_frame(&away, GO_AWAY, 0, 0, 1);
        assert_int_equal(yamux_drain(y, &out, NULL), ERR_BAD_MESSAGE);
        assert_int_equal(out.len, away.len);
        assert_memory_equal(out.data, away.data, away.len);
        assert_int_equal(yamux_tick(y, 0, NULL), ERR_BAD_MESSAGE);
    }
}

static void another_version_is_refused(void **state)
{
    cleanup_yamux struct yamux *y = new_server();
    struct err e = {0};
    assert_int_equal(yamux_feed(y, "\1\0\0\0\0\0\0\0\0\0\0\0", 12, &e), ERR_BAD_MESSAGE);
    assert_string_equal(e.text, "yamux: the other side speaks version 1");
}

static void more_than_the_window_is_refused_before_it_comes(void **state)
{
    cleanup_yamux struct yamux *y = new_server();
    accept_stream(y, 1);
    assert_int_equal(feed_frame(y, DATA, 0, 1, YAMUX_WINDOW, NULL), 0);
    assert_int_equal(feed_zeros(y, YAMUX_WINDOW), 0);
    struct err e = {0};
    assert_int_equal(feed_frame(y, DATA, 0, 1, 1, &e), ERR_BAD_MESSAGE);
    assert_string_equal(
        e.text, "yamux: the other side sent more on stream 1 than its window allows");
}

static void bytes_after_the_end_are_refused(void **state)
{
    cleanup_yamux struct yamux *y = new_server();
    accept_stream(y, 1);
    assert_int_equal(feed_frame(y, WINDOW, FIN, 1, 0, NULL), 0);
    assert_int_equal(feed_frame(y, WINDOW, 0, 1, 5, NULL), 0);
    assert_int_equal(feed_frame(y, DATA, 0, 1, 1, NULL), ERR_BAD_MESSAGE);
}

static void who_floods_and_does_not_read_is_dropped(void **state)
{
    static const int floods[][2] = {{PING, SYN}, {WINDOW, SYN}};
    for (size_t i = 0; i < ARRAY_SIZE(floods); i++) {
        cleanup_yamux struct yamux *y = new_server();
        struct err e = {0};
        int r = 0;
        size_t n = 0;
        for (; !r; n++)
            r = feed_frame(y, floods[i][0], floods[i][1],
                           floods[i][0] == PING ? 0 : (uint32_t)(2 * n + 1), 0, &e);
        assert_int_equal(r, ERR_RESOURCE_EXHAUSTED);
        assert_true(n <= (YAMUX_OUTPUT_MAX + YAMUX_ANSWERS_MAX) / 12 + 1);
    }
}

/* ---- memory ---- */

static int talk(void *user)
{
    cleanup_yamux struct yamux *y = yamux_new(YAMUX_SERVER, 0);
    cleanup_buf struct buf in = BUF_INIT, out = BUF_INIT;
    struct yamux_stream *s = NULL;
    unsigned events;
    size_t taken;
    static const char syn_data[] = "\0\0\0\1\0\0\0\1\0\0\0\3abc\0\2\0\1\0\0\0\0\0\0\0\1";
    if (!y)
        return ERR_NO_MEMORY;
    int r = yamux_feed(y, syn_data, sizeof(syn_data) - 1, NULL);
    s = r ? NULL : yamux_next(y, &events);
    if (s)
        r = yamux_stream_read(s, &in, NULL);
    if (!r)
        r = yamux_stream_write(s, "answer", 6, &taken, NULL);
    if (s)
        yamux_stream_release(s);
    if (!r)
        r = yamux_stream_open(y, &s, NULL);
    if (!r)
        r = yamux_drain(y, &out, NULL);
    return r;
}

static void every_lack_of_memory_is_told(void **state)
{
    assert_true(fault_malloc_each(talk, NULL) >= 4);
}

static void a_release_without_memory_ends_the_session(void **state)
{
    cleanup_yamux struct yamux *y = new_server();
    struct yamux_stream *s = accept_stream(y, 1);
    fault_malloc_at(1);
    yamux_stream_release(s);
    assert_true(fault_malloc_has_failed());
    assert_int_equal(yamux_tick(y, 0, NULL), ERR_NO_MEMORY);
}

static void a_drain_without_memory_ends_the_session(void **state)
{
    static const char data[1000];
    cleanup_yamux struct yamux *y = new_server();
    struct yamux_stream *s = accept_stream(y, 1);
    cleanup_buf struct buf out = BUF_INIT;
    size_t taken;
    unsigned events;
    assert_int_equal(yamux_stream_write(s, data, sizeof(data), &taken, NULL), 0);
    assert_int_equal(buf_append_char(&out, 'x'), 0);
    fault_malloc_at(1);
    assert_int_equal(yamux_drain(y, &out, NULL), ERR_NO_MEMORY);
    assert_true(fault_malloc_has_failed());
    assert_int_equal(yamux_tick(y, 0, NULL), ERR_NO_MEMORY);
    assert_ptr_equal(yamux_next(y, &events), s);
    assert_int_equal(events, YAMUX_RESET);
    yamux_stream_release(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_bytes_are_those_of_a_go_program),
        cmocka_unit_test(what_is_written_arrives_and_ends),
        cmocka_unit_test(a_window_is_given_back_when_half_of_it_was_read),
        cmocka_unit_test(bytes_that_have_not_come_yet_are_not_given_back),
        cmocka_unit_test(a_write_stops_at_the_window_and_goes_on),
        cmocka_unit_test(output_that_is_not_drained_takes_no_more),
        cmocka_unit_test(a_reset_kills_a_stream_on_both_sides),
        cmocka_unit_test(bytes_for_a_released_stream_reset_it),
        cmocka_unit_test(a_released_stream_waits_for_its_end_but_not_for_ever),
        cmocka_unit_test(streams_are_limited_on_both_sides),
        cmocka_unit_test(who_sends_too_much_on_many_streams_loses_one),
        cmocka_unit_test(pings_are_answered_and_sent),
        cmocka_unit_test(after_a_go_away_nothing_is_opened),
        cmocka_unit_test(a_lost_connection_resets_all_streams),
        cmocka_unit_test(what_breaks_the_protocol_ends_the_session),
        cmocka_unit_test(another_version_is_refused),
        cmocka_unit_test(more_than_the_window_is_refused_before_it_comes),
        cmocka_unit_test(bytes_after_the_end_are_refused),
        cmocka_unit_test(who_floods_and_does_not_read_is_dropped),
        cmocka_unit_test(every_lack_of_memory_is_told),
        cmocka_unit_test(a_release_without_memory_ends_the_session),
        cmocka_unit_test(a_drain_without_memory_ends_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
