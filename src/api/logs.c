/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output of a service's or a task's containers: one frame a line, {stream, 0, 0, 0,
 * length in four bytes} and the line, in front of which may stand what it comes from and
 * when. A service with a terminal has no frames.
 */
#include "api/handlers.h"
#include "api/lookup.h"
#include "api/stream.h"
#include "api/time.h"
#include "base/str.h"

/* The stream on which we tell an error ourselves. */
#define STREAM_SYSTEM_ERROR 3

#define FRAME_HEAD 8

/* Attributes that one line may show besides where it comes from. */
#define ATTRIBUTES_MAX 64

struct logs {
    struct api_stream stream;
    struct backend_log_stream *source; /* NULL once it has ended */
    bool is_paused;
    bool has_frames, has_details, has_times;
};

static void on_closed(struct api_stream *s)
{
    struct logs *l = CONTAINER_OF(s, struct logs, stream);
    if (l->source)
        s->api->backend->ops->logs_cancel(s->api->backend, l->source);
    free(l);
}

/* ---- lines ---- */

struct attribute {
    const char *key, *value;
};

static int by_key(const void *a, const void *b)
{
    const struct attribute *x = a, *y = b;
    return strcmp(x->key, y->key);
}

/* "key=value,key=value ", sorted by key. */
static int append_details(const Swarm__LogMessage *m, struct buf *out)
{
    struct attribute all[ATTRIBUTES_MAX + 3];
    size_t n = 0;
    if (m->context) {
        all[n++] = (struct attribute){"com.docker.swarm.node.id", m->context->node_id};
        all[n++] =
            (struct attribute){"com.docker.swarm.service.id", m->context->service_id};
        all[n++] = (struct attribute){"com.docker.swarm.task.id", m->context->task_id};
    }
    for (size_t i = 0; i < m->n_attrs && i < ATTRIBUTES_MAX; i++)
        all[n++] = (struct attribute){m->attrs[i]->key, m->attrs[i]->value};
    qsort(all, n, sizeof(*all), by_key);
    int r = 0;
    for (size_t i = 0; i < n && !r; i++) {
        r = i ? buf_append_char(out, ',') : 0;
        if (!r)
            r = http_url_escape(out, all[i].key);
        if (!r)
            r = buf_append_char(out, '=');
        if (!r)
            r = http_url_escape(out, all[i].value);
    }
    return r ? r : buf_append_char(out, ' ');
}

static int append_time(const Swarm__LogMessage *m, struct buf *out)
{
    char text[CLOCK_TEXT_SIZE];
    api_time_format(message_time(m->timestamp, 0), text);
    int r = buf_append_str(out, text);
    return r ? r : buf_append_char(out, ' ');
}

/* Writes the length of what follows the head into the head at the front. */
static void close_frame(struct buf *frame, char stream)
{
    size_t n = frame->len - FRAME_HEAD;
    char head[FRAME_HEAD] = {stream, 0, 0, 0};
    for (int i = 0; i < 4; i++)
        head[4 + i] = (char)(n >> (24 - 8 * i));
    memcpy(frame->data, head, FRAME_HEAD);
}

static int build_line(const struct logs *l, const Swarm__LogMessage *m, struct buf *out)
{
    static const char head[FRAME_HEAD];
    bool is_error = m->stream == SWARM__LOG_STREAM__LOG_STREAM_STDERR;
    int r = l->has_frames ? buf_append(out, head, sizeof(head)) : 0;
    if (!r && l->has_times)
        r = append_time(m, out);
    if (!r && l->has_details)
        r = append_details(m, out);
    if (!r)
        r = buf_append(out, m->data.data, m->data.len);
    if (!r && l->has_frames)
        close_frame(out, is_error ? 2 : 1);
    return r;
}

/* ---- the source ---- */

static void hold_back(struct logs *l, bool is_paused)
{
    struct backend *b = l->stream.api->backend;
    l->is_paused = is_paused;
    if (l->source)
        b->ops->logs_pause(b, l->source, is_paused);
}

static void on_message(const Swarm__LogMessage *message, void *user)
{
    struct logs *l = user;
    cleanup_buf struct buf line = BUF_INIT;
    if (build_line(l, message, &line)) {
        api_stream_cut(&l->stream);
        return;
    }
    if (!api_stream_write(&l->stream, line.data, line.len))
        return; /* l is gone */
    if (!l->is_paused && api_stream_is_full(&l->stream))
        hold_back(l, true);
}

/* The client has read what waited: more may come. */
static void on_drained(struct api_stream *s)
{
    struct logs *l = CONTAINER_OF(s, struct logs, stream);
    if (l->is_paused)
        hold_back(l, false);
}

static bool tell_error(struct logs *l, const struct err *e)
{
    static const char head[FRAME_HEAD];
    cleanup_buf struct buf frame = BUF_INIT;
    if (!l->has_frames || buf_append(&frame, head, sizeof(head)) ||
        buf_printf(&frame, "Error grabbing logs: %s\n", err_text(e)))
        return true;
    close_frame(&frame, STREAM_SYSTEM_ERROR);
    return api_stream_write(&l->stream, frame.data, frame.len);
}

static void on_end(int r, const struct err *e, void *user)
{
    struct logs *l = user;
    l->source = NULL;
    if (r && !tell_error(l, e))
        return;
    api_stream_end(&l->stream);
}

/* ---- the request ---- */

static int read_tail(const struct api_request *q, int64_t *out, struct err *e)
{
    const char *tail = api_request_query(q, "tail");
    *out = -1;
    if (str_is_empty(tail) || str_equal(tail, "all"))
        return 0;
    if (!str_to_i64(tail, out))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "tail value must be a positive integer or \"all\"");
    return *out < 0
               ? err_set(e, ERR_INVALID_ARGUMENT, "negative tail values not supported")
               : 0;
}

static int read_options(const struct api_request *q, struct backend_logs *what,
                        struct err *e)
{
    const char *since = api_request_query(q, "since");
    what->stdout_on = api_request_flag(q, "stdout");
    what->stderr_on = api_request_flag(q, "stderr");
    what->follow = api_request_flag(q, "follow");
    if (!str_is_empty(since) && !api_time_parse(since, &what->since))
        return err_set(e, ERR_INVALID_ARGUMENT, "invalid value for since: %s", since);
    if (!str_is_empty(api_request_query(q, "until")) &&
        !str_equal(api_request_query(q, "until"), "0"))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "until is not supported for the logs of services");
    return read_tail(q, &what->tail, e);
}

static bool has_terminal(const Swarm__TaskSpec *task)
{
    return task && task->runtime_case == SWARM__TASK_SPEC__RUNTIME_CONTAINER &&
           task->container && task->container->tty;
}

static void start(struct api_request *q, const struct backend_logs *what,
                  const Swarm__TaskSpec *task)
{
    struct err e = {0};
    struct api *a = q->api;
    struct logs *l = calloc(1, sizeof(*l));
    if (!l) {
        err_no_memory(&e);
        api_request_error(q, &e);
        return;
    }
    l->has_frames = !has_terminal(task);
    l->has_details = api_request_flag(q, "details");
    l->has_times = api_request_flag(q, "timestamps");
    api_stream_init(&l->stream, a, q->x, on_closed);
    l->stream.drained = on_drained;
    api_stream_begin(&l->stream, NULL);
    l->source = a->backend->ops->logs(a->backend, what, on_message, on_end, l);
    api_request_free(q);
    if (!l->source)
        api_stream_end(&l->stream);
}

static void stream_logs(struct api_request *q, enum object_kind kind)
{
    struct err e = {0};
    struct backend_logs what = {0};
    const struct object *o;
    int r = read_options(q, &what, &e);
    if (!r && !what.stdout_on && !what.stderr_on) {
        api_request_message(q, 500,
                            "Bad parameters: you must choose at least one stream");
        return;
    }
    if (r || api_lookup(q->view, kind, q->id, &o, &e)) {
        api_request_error(q, &e);
        return;
    }
    if (kind == OBJECT_SERVICE)
        what.service_id = object_id(o);
    else
        what.task_id = object_id(o);
    start(q, &what, kind == OBJECT_SERVICE ? o->service->spec->task : o->task->spec);
}

void api_services_logs(struct api_request *q)
{
    stream_logs(q, OBJECT_SERVICE);
}

void api_tasks_logs(struct api_request *q)
{
    stream_logs(q, OBJECT_TASK);
}
