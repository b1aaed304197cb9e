/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fake.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "engine/fake_container.h"
#include "engine/fake_engine.h"

/* ---- what a test does ---- */

void fake_engine_tell(struct fake_engine *f, const char *id, const char *action)
{
    if (f->is_up && f->is_started)
        f->events.on_container(id, action, f->events.user);
}

static void tell_up(void *user)
{
    struct fake_engine *f = user;
    if (f->is_up && f->is_started)
        f->events.on_up(f->events.user);
}

void fake_engine_up(struct fake_engine *f)
{
    f->is_up = true;
    timer_start(&f->up, 0);
}

void fake_engine_down(struct fake_engine *f)
{
    struct err e;
    if (!f->is_up)
        return;
    f->is_up = false;
    timer_cancel(&f->up);
    err_set(&e, ERR_UNAVAILABLE, "the engine went away");
    fake_engine_end_calls(f, &e);
    if (f->is_started)
        f->events.on_down(&e, f->events.user);
}

void fake_engine_delay(struct fake_engine *f, enum fake_call_kind kind, int64_t delay)
{
    f->delays[kind] = delay;
}

void fake_engine_fail(struct fake_engine *f, enum fake_call_kind kind, unsigned times,
                      int code, const char *text)
{
    f->faults[kind].times = times;
    err_set(&f->faults[kind].error, code, "%s", text);
}

void fake_engine_lose(struct fake_engine *f, enum fake_call_kind kind)
{
    f->loses[kind] = true;
}

int fake_engine_add_image(struct fake_engine *f, const char *name)
{
    return map_put(&f->images, name, f, NULL);
}

void fake_engine_set_health_checks(struct fake_engine *f, bool runs_them)
{
    f->checks_health = runs_them;
}

void fake_engine_talk(struct fake_engine *f, unsigned lines)
{
    f->lines = lines;
}

unsigned fake_engine_said(const struct fake_engine *f)
{
    return f->lines_said;
}

unsigned fake_engine_count(const struct fake_engine *f, enum fake_call_kind kind)
{
    return f->counts[kind];
}

struct fake_container *fake_engine_find(struct fake_engine *f, const char *key)
{
    LIST_FOR_EACH (l, &f->containers) {
        struct fake_container *k = CONTAINER_OF(l, struct fake_container, link);
        if (str_equal(k->id, key) || str_equal(k->name, key) ||
            str_equal(k->task_id, key))
            return k;
    }
    return NULL;
}

size_t fake_engine_containers(const struct fake_engine *f)
{
    size_t n = 0;
    for (struct list *l = f->containers.next; l != &f->containers; l = l->next)
        n++;
    return n;
}

void fake_engine_exit(struct fake_engine *f, struct fake_container *c, int32_t exit_code)
{
    c->is_running = false;
    c->exit_code = exit_code;
    fake_engine_tell(f, c->id, "die");
}

void fake_engine_set_health(struct fake_engine *f, struct fake_container *c,
                            enum engine_health health)
{
    c->health = health;
    if (f->checks_health)
        fake_engine_tell(f, c->id,
                         health == ENGINE_HEALTH_HEALTHY ? "health_status: healthy"
                                                         : "health_status: unhealthy");
}

struct fake_container *fake_engine_add(struct fake_engine *f, const char *name,
                                       const char *task_id, const char *node_id,
                                       bool is_running)
{
    struct fake_container *c = fake_container_new(f->n_made++, name, task_id, node_id);
    if (!c)
        return NULL;
    c->is_running = c->was_started = is_running;
    list_append(&f->containers, &c->link);
    return c;
}

/* ---- life ---- */

void fake_engine_start(struct engine *g, const struct engine_events *events)
{
    struct fake_engine *f = CONTAINER_OF(g, struct fake_engine, base);
    f->is_started = events != NULL;
    if (events)
        f->events = *events;
    if (f->is_up)
        timer_start(&f->up, 0);
}

static void all_closed(void *user)
{
    struct fake_engine *f = user;
    void (*closed)(void *user) = f->closed;
    void *closed_user = f->closed_user;
    while (!list_is_empty(&f->containers))
        fake_container_free(LIST_FIRST(&f->containers, struct fake_container, link));
    map_deinit(&f->images);
    free(f);
    if (closed)
        closed(closed_user);
}

void fake_engine_close(struct engine *g, void (*closed)(void *user), void *user)
{
    struct fake_engine *f = CONTAINER_OF(g, struct fake_engine, base);
    struct err e;
    f->is_started = false;
    f->closed = closed;
    f->closed_user = user;
    err_set(&e, ERR_CANCELED, "the engine's client is closed");
    fake_engine_end_calls(f, &e);
    timer_close(&f->up, &f->closing);
    loop_close_end(&f->closing);
}

struct fake_engine *fake_engine_new(uv_loop_t *loop)
{
    struct fake_engine *f = calloc(1, sizeof(*f));
    if (!f)
        return NULL;
    f->base.ops = &fake_ops;
    f->loop = loop;
    f->checks_health = true;
    list_init(&f->containers);
    list_init(&f->calls);
    timer_init(&f->up, loop, tell_up, f);
    loop_close_init(&f->closing, all_closed, f);
    return f;
}

struct engine *fake_engine_base(struct fake_engine *f)
{
    return &f->base;
}
