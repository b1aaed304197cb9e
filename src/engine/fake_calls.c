/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call waits for its delay, then takes effect and answers, in one go: what is canceled
 * before had no effect.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "engine/fake_container.h"
#include "engine/fake_engine.h"

struct fake_call {
    struct engine_call base;
    struct list link;
    struct fake_engine *engine;
    enum fake_call_kind kind;
    struct timer timer;
    struct loop_close closing;
    struct err error; /* decided before its time: canceled, or the engine went down */
    char *key, *signal;
    struct engine_log_options log;
    engine_log_data data;
    unsigned lines; /* that it has still to say */
    bool is_paused;
    struct fake_container *made; /* by create, not yet known to the engine */
    union {
        engine_done plain;
        engine_info_done info;
        engine_create_done create;
        engine_inspect_done inspect;
        engine_list_done list;
        engine_health_done health;
    } done;
    void *user;
};

static struct fake_engine *fake_of(struct engine *g)
{
    return CONTAINER_OF(g, struct fake_engine, base);
}

/* ---- answers ---- */

static void answer_list(struct fake_engine *f, struct fake_call *c)
{
    struct engine_state states[1024];
    size_t n = 0;
    LIST_FOR_EACH (l, &f->containers) {
        struct fake_container *k = CONTAINER_OF(l, struct fake_container, link);
        if (str_equal(k->node_id, c->key) && n < ARRAY_SIZE(states))
            states[n++] = fake_container_state(k);
    }
    c->done.list(0, NULL, n, states, c->user);
}

static void answer_info(struct fake_engine *f, struct fake_call *c)
{
    static const struct engine_plugin plugins[] = {{"Volume", "local"},
                                                   {"Network", "bridge"}};
    const struct engine_info info = {
        .hostname = "fake-host",
        .os = "linux",
        .arch = "x86_64",
        .version = "1.0",
        .name = "fake",
        .nano_cpus = 2000000000,
        .memory_bytes = INT64_C(8) << 30,
        .runs_health_checks = f->checks_health,
        .n_plugins = ARRAY_SIZE(plugins),
        .plugins = plugins,
    };
    c->done.info(0, NULL, &info, c->user);
}

static void deliver_error(struct fake_call *c, const struct err *e)
{
    switch (c->kind) {
    case FAKE_INFO:
        c->done.info(e->code, e, NULL, c->user);
        break;
    case FAKE_CREATE:
        c->done.create(e->code, e, NULL, c->user);
        break;
    case FAKE_INSPECT:
        c->done.inspect(e->code, e, NULL, c->user);
        break;
    case FAKE_LIST:
        c->done.list(e->code, e, 0, NULL, c->user);
        break;
    case FAKE_HEALTH:
        c->done.health(e->code, e, ENGINE_HEALTH_NONE, c->user);
        break;
    default:
        c->done.plain(e->code, e, c->user);
        break;
    }
}

/* Every container says the same: a line on each stream. */
#define FAKE_OUT_AT INT64_C(1795319105500000000)
#define FAKE_ERROR_AT INT64_C(1795319106500000000)

static void say_line(struct fake_call *c)
{
    static const char time[] = "2026-11-22T03:45:04Z ";
    char line[sizeof(time) - 1 + FAKE_LINE_SIZE];
    memset(line, '.', sizeof(line));
    memcpy(line, time, sizeof(time) - 1);
    line[sizeof(line) - 1] = '\n';
    c->lines--;
    c->engine->lines_said++;
    timer_start(&c->timer, 0);
    c->data(1, line, sizeof(line), c->user);
}

static void answer_logs(struct fake_call *c)
{
    static const char out[] = "2026-11-22T03:45:05.5Z out\n";
    static const char error[] = "2026-11-22T03:45:06.5Z error\n";
    if (c->log.stdout_on && c->log.since <= FAKE_OUT_AT)
        c->data(1, out, strlen(out), c->user);
    if (c->log.stderr_on && c->log.since <= FAKE_ERROR_AT)
        c->data(2, error, strlen(error), c->user);
    c->done.plain(0, NULL, c->user);
}

static void deliver(struct fake_engine *f, struct fake_call *c)
{
    struct fake_container *k = c->key ? fake_engine_find(f, c->key) : NULL;
    if (c->kind == FAKE_INFO) {
        answer_info(f, c);
    } else if (c->kind == FAKE_LIST) {
        answer_list(f, c);
    } else if (c->kind == FAKE_CREATE) {
        c->done.create(0, NULL, k->id, c->user);
    } else if (c->kind == FAKE_INSPECT) {
        struct engine_state state = fake_container_state(k);
        c->done.inspect(0, NULL, &state, c->user);
    } else if (c->kind == FAKE_HEALTH) {
        c->done.health(0, NULL, k->health, c->user);
    } else if (c->kind == FAKE_LOGS) {
        answer_logs(c);
    } else {
        c->done.plain(0, NULL, c->user);
    }
}

/* ---- effects ---- */

static int effect_image(struct fake_engine *f, const char *image, struct err *e)
{
    if (!f->images.len || map_get(&f->images, image))
        return 0;
    return err_set(e, ERR_NOT_FOUND, "No such image: %s", image);
}

static int effect_create(struct fake_engine *f, struct fake_call *c, struct err *e)
{
    if (fake_engine_find(f, c->key))
        return err_set(e, ERR_ALREADY_EXISTS, "the name %s is in use", c->key);
    list_append(&f->containers, &c->made->link);
    c->made = NULL;
    return 0;
}

static void effect_remove(struct fake_engine *f, struct fake_container *k)
{
    char id[sizeof(k->id)];
    strcpy_cut(id, sizeof(id), k->id);
    fake_container_free(k);
    fake_engine_tell(f, id, "destroy");
}

static void effect_kill(struct fake_engine *f, struct fake_container *k,
                        const char *signal)
{
    strcpy_cut(k->last_signal, sizeof(k->last_signal), signal);
    if (k->is_running && fake_container_obeys(k, signal))
        fake_engine_exit(f, k, str_equal(signal, "SIGKILL") ? 137 : 143);
}

static int effect(struct fake_engine *f, struct fake_call *c, struct err *e)
{
    struct fake_container *k = c->key ? fake_engine_find(f, c->key) : NULL;
    bool is_needed = c->kind == FAKE_START || c->kind == FAKE_INSPECT ||
                     c->kind == FAKE_HEALTH || c->kind == FAKE_LOGS;
    if (c->kind == FAKE_IMAGE)
        return effect_image(f, c->key, e);
    if (c->kind == FAKE_CREATE)
        return effect_create(f, c, e);
    if (is_needed && !k)
        return err_set(e, ERR_NOT_FOUND, "No such container: %s", c->key);
    if (c->kind == FAKE_START && !k->is_running) {
        k->is_running = k->was_started = true;
        fake_engine_tell(f, k->id, "start");
    }
    if (c->kind == FAKE_KILL && k)
        effect_kill(f, k, c->signal);
    if (c->kind == FAKE_REMOVE && k)
        effect_remove(f, k);
    return 0;
}

/* ---- calls ---- */

static void free_call(void *user)
{
    struct fake_call *c = user;
    if (c->made)
        fake_container_free(c->made);
    free(c->key);
    free(c->signal);
    loop_close_release(&c->engine->closing);
    free(c);
}

static void end_call(struct fake_call *c)
{
    list_remove(&c->link);
    loop_close_init(&c->closing, free_call, c);
    timer_close(&c->timer, &c->closing);
    loop_close_end(&c->closing);
}

static int take_fault(struct fake_engine *f, enum fake_call_kind kind, struct err *e)
{
    if (!f->faults[kind].times)
        return 0;
    f->faults[kind].times--;
    *e = f->faults[kind].error;
    return e->code;
}

static void call_due(void *user)
{
    struct fake_call *c = user;
    struct fake_engine *f = c->engine;
    struct err e;
    int r = c->error.code;
    if (!r && c->is_paused)
        return;
    if (!r && c->lines) {
        say_line(c);
        return;
    }
    if (r)
        e = c->error;
    r = r ?: take_fault(f, c->kind, &e);
    r = r ?: effect(f, c, &e);
    if (!r && f->loses[c->kind]) {
        f->loses[c->kind] = false;
        r = err_set(&e, ERR_UNAVAILABLE, "the engine went away");
        fake_engine_down(f);
    }
    if (r)
        deliver_error(c, &e);
    else
        deliver(f, c);
    end_call(c);
}

static void cancel(struct engine_call *call)
{
    struct fake_call *c = CONTAINER_OF(call, struct fake_call, base);
    err_set(&c->error, ERR_CANCELED, "canceled");
    timer_start(&c->timer, 0);
}

static void pause_call(struct engine_call *call, bool is_paused)
{
    struct fake_call *c = CONTAINER_OF(call, struct fake_call, base);
    bool goes_on = c->is_paused && !is_paused;
    c->is_paused = is_paused;
    if (goes_on)
        timer_start(&c->timer, 0);
}

static struct fake_call *begin(struct engine *g, enum fake_call_kind kind,
                               const char *key, void *user)
{
    struct fake_engine *f = fake_of(g);
    struct fake_call *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    *c = (struct fake_call){.base = {cancel, pause_call},
                            .engine = f,
                            .kind = kind,
                            .key = key ? strdup(key) : NULL,
                            .user = user};
    f->counts[kind]++;
    list_append(&f->calls, &c->link);
    loop_close_hold(&f->closing);
    timer_init(&c->timer, f->loop, call_due, c);
    if (!f->is_up)
        err_set(&c->error, ERR_UNAVAILABLE, "the engine doesn't answer");
    timer_start(&c->timer, f->is_up ? f->delays[kind] : 0);
    return c;
}

static struct engine_call *fake_info(struct engine *g, engine_info_done done, void *user)
{
    struct fake_call *c = begin(g, FAKE_INFO, NULL, user);
    if (!c)
        return NULL;
    c->done.info = done;
    return &c->base;
}

static struct engine_call *plain(struct engine *g, enum fake_call_kind kind,
                                 const char *key, engine_done done, void *user)
{
    struct fake_call *c = begin(g, kind, key, user);
    if (!c)
        return NULL;
    c->done.plain = done;
    return &c->base;
}

static struct engine_call *fake_image(struct engine *g, const char *image,
                                      const char *auth, engine_done done, void *user)
{
    return plain(g, FAKE_IMAGE, image, done, user);
}

static struct engine_call *fake_create(struct engine *g, const struct engine_container *k,
                                       engine_create_done done, void *user)
{
    struct fake_engine *f = fake_of(g);
    struct fake_call *c = begin(g, FAKE_CREATE, k->name, user);
    if (!c)
        return NULL;
    c->done.create = done;
    c->made = fake_container_new(f->n_made++, k->name, k->task->id, k->node_id);
    if (!c->made) {
        err_no_memory(&c->error);
        return &c->base;
    }
    if (k->task->spec->container->healthcheck)
        c->made->health = ENGINE_HEALTH_STARTING;
    for (size_t i = 0; i < k->n_binds; i++) {
        if (fake_container_bind(c->made, &k->binds[i]))
            break;
    }
    for (size_t i = 0; i < k->n_given; i++) {
        if (fake_container_give(c->made, &k->given[i]))
            break;
    }
    return &c->base;
}

static struct engine_call *fake_start_container(struct engine *g, const char *id,
                                                engine_done done, void *user)
{
    return plain(g, FAKE_START, id, done, user);
}

static struct engine_call *fake_inspect(struct engine *g, const char *id,
                                        engine_inspect_done done, void *user)
{
    struct fake_call *c = begin(g, FAKE_INSPECT, id, user);
    if (!c)
        return NULL;
    c->done.inspect = done;
    return &c->base;
}

static struct engine_call *fake_kill(struct engine *g, const char *id, const char *signal,
                                     engine_done done, void *user)
{
    struct fake_call *c = begin(g, FAKE_KILL, id, user);
    if (!c)
        return NULL;
    c->signal = strdup(signal);
    c->done.plain = done;
    return &c->base;
}

static struct engine_call *fake_remove(struct engine *g, const char *id, engine_done done,
                                       void *user)
{
    return plain(g, FAKE_REMOVE, id, done, user);
}

static struct engine_call *fake_list(struct engine *g, const char *node_id,
                                     engine_list_done done, void *user)
{
    struct fake_call *c = begin(g, FAKE_LIST, node_id, user);
    if (!c)
        return NULL;
    c->done.list = done;
    return &c->base;
}

static struct engine_call *fake_health(struct engine *g, const char *id,
                                       engine_health_done done, void *user)
{
    struct fake_call *c = begin(g, FAKE_HEALTH, id, user);
    if (!c)
        return NULL;
    c->done.health = done;
    return &c->base;
}

static struct engine_call *fake_logs(struct engine *g, const char *id,
                                     const struct engine_log_options *options,
                                     engine_log_data data, engine_done done, void *user)
{
    struct fake_call *c = begin(g, FAKE_LOGS, id, user);
    if (!c)
        return NULL;
    c->done.plain = done;
    c->log = *options;
    c->data = data;
    c->lines = c->engine->lines;
    return &c->base;
}

void fake_engine_end_calls(struct fake_engine *f, const struct err *e)
{
    LIST_FOR_EACH (l, &f->calls) {
        struct fake_call *c = CONTAINER_OF(l, struct fake_call, link);
        if (!c->error.code)
            c->error = *e;
        timer_start(&c->timer, 0);
    }
}

const struct engine_ops fake_ops = {
    .start = fake_engine_start,
    .info = fake_info,
    .image_ensure = fake_image,
    .create = fake_create,
    .start_container = fake_start_container,
    .inspect = fake_inspect,
    .kill = fake_kill,
    .remove = fake_remove,
    .list = fake_list,
    .health_check = fake_health,
    .logs = fake_logs,
    .close = fake_engine_close,
};
