/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/names.h"
#include "cli/service.h"
#include "cli/stream.h"
#include "cli/tasks.h"
#include "cli/times.h"

/*
 * The logs of a service or of one task: frames of {stream, 0, 0, 0, length} and as many
 * bytes, each a line: "[TIME ]k=v,k=v TEXT", where the details say where it comes from.
 */

#define FRAME_HEAD 8
/* The longest line that is taken whole. */
#define FRAME_MAX (1024U * 1024)

#define LABEL "com.docker.swarm."

struct logs {
    struct cli *cli;
    struct names names;
    bool raw, details, timestamps;
    bool plain; /* no frames: the task has a terminal */
};

/* A part of a line. */
struct part {
    const char *s;
    size_t n;
};

/* ---- one line ---- */

/* Cuts the first word off, with the blank behind it. */
static struct part take_word(struct part *line)
{
    const char *blank = line->n ? memchr(line->s, ' ', line->n) : NULL;
    struct part word = {line->s, blank ? (size_t)(blank - line->s) : line->n};
    size_t taken = word.n + (blank != NULL);
    line->s += taken;
    line->n -= taken;
    return word;
}

/* The next of "k=v,k=v". */
static struct part take_detail(struct part *details)
{
    const char *comma = details->n ? memchr(details->s, ',', details->n) : NULL;
    struct part one = {details->s, comma ? (size_t)(comma - details->s) : details->n};
    size_t taken = one.n + (comma != NULL);
    details->s += taken;
    details->n -= taken;
    return one;
}

/* Where a line comes from. */
struct origin {
    char service[64], task[64], node[64];
};

static bool copy_value(struct part detail, const char *key, char out[64])
{
    size_t n = strlen(key);
    if (detail.n <= n || memcmp(detail.s, key, n) != 0)
        return false;
    snprintf(out, 64, "%.*s", (int)(detail.n - n), detail.s + n);
    return true;
}

/* Takes the origin out of the details; what else they say goes to `rest`. */
static int read_origin(struct part details, struct origin *o, struct buf *rest)
{
    int r = 0;
    while (details.n && !r) {
        struct part one = take_detail(&details);
        if (!copy_value(one, LABEL "service.id=", o->service) &&
            !copy_value(one, LABEL "task.id=", o->task) &&
            !copy_value(one, LABEL "node.id=", o->node))
            r = buf_printf(rest, "%s%.*s", rest->len ? "," : "", (int)one.n, one.s);
    }
    return r;
}

static int print_prefix(struct logs *l, const struct origin *o, FILE *out)
{
    const struct flags *f = &l->cli->flags;
    int most = flags_switch(f, "no-trunc") ? (int)sizeof(o->task) : TASKS_SHORT_ID;
    const char *name = names_task(&l->names, o->task, o->service, o->node);
    const char *node = names_node(&l->names, o->node);
    if (!name || !node)
        return ERR_NO_MEMORY;
    fputs(name, out);
    if (!flags_switch(f, "no-task-ids"))
        fprintf(out, ".%.*s", most, o->task);
    fprintf(out, "@%s    | ", node);
    return 0;
}

static int print_line(struct logs *l, struct part line, FILE *out)
{
    struct origin origin = {0};
    cleanup_buf struct buf rest = BUF_INIT;
    if (l->raw) {
        fwrite(line.s, 1, line.n, out);
        return 0;
    }
    struct part time = l->timestamps ? take_word(&line) : (struct part){0};
    int r = read_origin(take_word(&line), &origin, &rest);
    if (!r && time.n)
        fprintf(out, "%.*s ", (int)time.n, time.s);
    if (!r)
        r = print_prefix(l, &origin, out);
    if (r)
        return r;
    if (l->details)
        fprintf(out, "%s ", buf_str(&rest));
    fwrite(line.s, 1, line.n, out);
    return 0;
}

/* ---- frames ---- */

static size_t frame_length(const struct buf *b)
{
    const unsigned char *p = (const unsigned char *)b->data;
    return (size_t)p[4] << 24 | (size_t)p[5] << 16 | (size_t)p[6] << 8 | p[7];
}

/* What is known of a frame's first byte. */
enum frame_kind {
    FRAME_INPUT,
    FRAME_OUTPUT,
    FRAME_ERRORS,
    FRAME_DAEMON, /* not a line but why there are no more */
};

static int print_frame(struct logs *l, char kind, struct part line, struct err *e)
{
    if (kind == FRAME_DAEMON)
        return err_set(e, ERR_UNKNOWN, "error from daemon in stream: %.*s", (int)line.n,
                       line.s);
    if (kind < FRAME_INPUT || kind > FRAME_DAEMON)
        return err_set(e, ERR_BAD_MESSAGE, "the daemon's logs are not understood");
    if (print_line(l, line, kind == FRAME_ERRORS ? stderr : stdout))
        return err_no_memory(e);
    return 0;
}

/* Prints the whole frames that have come. */
static int print_frames(struct logs *l, struct buf *b, struct err *e)
{
    while (b->len >= FRAME_HEAD) {
        size_t n = frame_length(b);
        if (n > FRAME_MAX)
            return err_set(e, ERR_BAD_MESSAGE, "the daemon sends a line of %zu bytes", n);
        if (b->len < FRAME_HEAD + n)
            break;
        int r = print_frame(l, b->data[0], (struct part){b->data + FRAME_HEAD, n}, e);
        if (r)
            return r;
        buf_consume(b, FRAME_HEAD + n);
    }
    fflush(stdout);
    return 0;
}

static int print_plain(struct buf *b)
{
    if (b->len)
        fwrite(b->data, 1, b->len, stdout);
    fflush(stdout);
    buf_reset(b);
    return 0;
}

static int print_stream(struct logs *l, struct stream *s, struct err *e)
{
    cleanup_buf struct buf b = BUF_INIT;
    enum stream_news news = STREAM_DATA;
    int r = 0;
    while (!r && news == STREAM_DATA) {
        r = stream_read(s, CLOCK_NEVER, &b, &news, e);
        if (!r)
            r = l->plain ? print_plain(&b) : print_frames(l, &b, e);
    }
    if (!r && b.len)
        r = err_set(e, ERR_BAD_MESSAGE, "the daemon's logs end in the middle of a line");
    return r;
}

/* ---- the request ---- */

static int find(struct logs *l, const char *name, struct buf *path, struct err *e)
{
    cleanup_json json_t *found = NULL;
    int r = service_fetch(l->cli, name, false, &found, e);
    bool task = r == ERR_NOT_FOUND;
    if (task) {
        if (path_printf(path, "/tasks/%s", name))
            return err_no_memory(e);
        r = client_get(l->cli->client, buf_str(path), &found, e);
    }
    if (r)
        return r == ERR_NOT_FOUND ? err_set(e, r, "no such task or service: %s", name)
                                  : r;
    l->plain = field_bool(found, task ? "Spec.ContainerSpec.TTY"
                                      : "Spec.TaskTemplate.ContainerSpec.TTY");
    if (l->plain && !l->raw)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "tty service logs only supported with "
                       "--raw");
    buf_reset(path);
    return path_printf(path, task ? "/tasks/%s/logs" : "/services/%s/logs",
                       field_string(found, "ID"))
               ? err_no_memory(e)
               : 0;
}

static int add_query(struct logs *l, struct buf *path, struct err *e)
{
    const struct flags *f = &l->cli->flags;
    const char *tail = flags_string(f, "tail"), *since = flags_string(f, "since");
    char point[TIMES_TEXT_SIZE] = "";
    int r = since ? times_parse(since, output_now(), point, e) : 0;
    if (r)
        return err_wrap(e, r, "invalid value for \"since\"");
    r = path_printf(path, "?stdout=1&stderr=1&tail=%s", tail ? tail : "all");
    if (!r && (l->details || !l->raw))
        r = buf_append_str(path, "&details=1");
    if (!r && flags_switch(f, "follow"))
        r = buf_append_str(path, "&follow=1");
    if (!r && l->timestamps)
        r = buf_append_str(path, "&timestamps=1");
    if (!r && *point)
        r = path_printf(path, "&since=%s", point);
    return r ? err_no_memory(e) : 0;
}

static int run(struct logs *l, struct err *e)
{
    cleanup_buf struct buf path = BUF_INIT;
    struct stream *stream = NULL;
    int r = find(l, l->cli->argv[0], &path, e);
    if (!r)
        r = add_query(l, &path, e);
    if (!r)
        r = stream_open(l->cli->client, buf_str(&path), false, &stream, e);
    if (!r)
        r = print_stream(l, stream, e);
    stream_close(stream);
    return r;
}

int service_run_logs(struct cli *c, struct err *e)
{
    const struct flags *f = &c->flags;
    struct logs l = {.cli = c,
                     .raw = flags_switch(f, "raw"),
                     .details = flags_switch(f, "details"),
                     .timestamps = flags_switch(f, "timestamps")};
    names_init(&l.names, c->client, !flags_switch(f, "no-resolve"));
    int r = run(&l, e);
    names_deinit(&l.names);
    return r;
}
