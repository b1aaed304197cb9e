/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/service_wait.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/service.h"
#include "cli/stream.h"
#include "cli/times.h"

void service_print_warnings(const json_t *answer)
{
    const json_t *all = json_object_get(answer, "Warnings");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const char *text = json_string_value(json_array_get(all, i));
        fprintf(stderr, "%s\n", text ? text : "");
    }
}

/* A server that isn't cofferd tells nothing of tasks. To look again so often is then the
 * only means there is; it is what Docker's own client does, on any server. */
#define LOOK_AGAIN (200 * CLOCK_MILLISECOND)

/* ---- one look ---- */

struct wait {
    struct cli *cli;
    const char *id;
    struct progress progress;
    struct show show;
    struct stream *events;
};

static int get_tasks(const struct wait *w, json_t **tasks, struct err *e)
{
    const char *const pairs[] = {"service", w->id, "_up-to-date", "true", NULL};
    cleanup_buf struct buf path = BUF_INIT;
    if (buf_append_str(&path, "/tasks") || output_filters(&path, '?', NULL, pairs))
        return err_no_memory(e);
    return client_get(w->cli->client, buf_str(&path), tasks, e);
}

static int look(struct wait *w, enum progress_outcome *outcome, int64_t *again,
                struct err *e)
{
    cleanup_json json_t *service = NULL, *tasks = NULL, *nodes = NULL;
    int r = service_fetch(w->cli, w->id, false, &service, e);
    if (!r)
        r = get_tasks(w, &tasks, e);
    if (!r)
        r = client_get(w->cli->client, "/nodes", &nodes, e);
    if (r)
        return r;
    return progress_update(&w->progress, service, tasks, nodes, times_monotonic(),
                           outcome, again, e);
}

/* ---- the wait ---- */

static int listen_to_events(struct wait *w, struct err *e)
{
    const char *const pairs[] = {"type", "task", "type", "service", "type", "node", NULL};
    cleanup_buf struct buf path = BUF_INIT;
    if (buf_append_str(&path, "/events") || output_filters(&path, '?', NULL, pairs))
        return err_no_memory(e);
    return stream_open(w->cli->client, buf_str(&path), true, &w->events, e);
}

/* How long to wait for an event at the most. */
static int64_t time_left(const struct wait *w, int64_t again)
{
    int64_t left = again == CLOCK_NEVER ? CLOCK_NEVER : again - times_monotonic();
    int64_t most = stream_is_cofferd(w->events) ? CLOCK_NEVER : LOOK_AGAIN;
    left = left < most ? left : most;
    return left > 0 ? left : 0;
}

/* Waits for an event or the time; takes all that is there, one look is enough for it. */
static int wait_for_news(struct wait *w, int64_t again, bool *interrupted, struct err *e)
{
    cleanup_buf struct buf ignored = BUF_INIT;
    enum stream_news news = STREAM_TIMEOUT;
    int r = stream_read(w->events, time_left(w, again), &ignored, &news, e);
    while (!r && news == STREAM_DATA) {
        buf_reset(&ignored);
        r = stream_read(w->events, 0, &ignored, &news, e);
    }
    *interrupted = !r && news == STREAM_INTERRUPTED;
    if (!r && news == STREAM_END)
        r = err_set(e, ERR_UNAVAILABLE,
                    "the daemon has closed the stream of its events; "
                    "the service goes on in the background");
    return r;
}

static void say_goodbye(struct wait *w)
{
    char text[128];
    snprintf(text, sizeof(text), "Use `coffer service ps %s` to check progress.", w->id);
    show_message(&w->show, "Operation continuing in background.");
    show_message(&w->show, text);
}

static int wait_for_end(struct wait *w, struct err *e)
{
    enum progress_outcome outcome = PROGRESS_GOING;
    int64_t again = CLOCK_NEVER;
    bool interrupted = false;
    int r = listen_to_events(w, e);
    if (r == ERR_CANCELED) {
        say_goodbye(w);
        return 0;
    }
    while (!r && !interrupted) {
        r = look(w, &outcome, &again, e);
        if (r || outcome == PROGRESS_DONE)
            return r;
        r = wait_for_news(w, again, &interrupted, e);
    }
    if (interrupted)
        say_goodbye(w);
    return r;
}

int service_wait(struct cli *c, const char *id, struct err *e)
{
    struct wait w = {.cli = c, .id = id};
    if (flags_switch(&c->flags, "detach"))
        return 0;
    show_init(&w.show, flags_switch(&c->flags, "quiet"));
    progress_init(&w.progress, &w.show);
    fflush(stdout);
    int r = wait_for_end(&w, e);
    stream_close(w.events);
    progress_deinit(&w.progress);
    return r;
}
