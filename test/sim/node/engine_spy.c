/* SPDX-License-Identifier: Apache-2.0 */
#include "engine_spy.h"

#include "stage.h"

static struct engine_spy *spy_of(struct engine *g)
{
    return CONTAINER_OF(g, struct engine_spy, base);
}

static struct engine *fake_of(struct engine *g)
{
    return fake_engine_base(spy_of(g)->fake);
}

/* ---- events ---- */

static void on_up(void *user)
{
    struct engine_spy *spy = user;
    spy->events.on_up(spy->events.user);
}

static void on_down(const struct err *e, void *user)
{
    struct engine_spy *spy = user;
    spy->events.on_down(e, spy->events.user);
}

static void on_container(const char *id, const char *action, void *user)
{
    struct engine_spy *spy = user;
    if (str_equal(action, "start")) {
        const struct fake_container *c = fake_engine_find(spy->fake, id);
        CHECK(c);
        const struct spy_task *t = map_get(&spy->tasks, c->task_id);
        CHECK(t);
        check_start(spy->stage, t, c);
    }
    spy->events.on_container(id, action, spy->events.user);
}

/* ---- calls ---- */

static void start(struct engine *g, const struct engine_events *events)
{
    struct engine_spy *spy = spy_of(g);
    const struct engine_events own = {on_up, on_down, on_container, spy};
    if (events)
        spy->events = *events;
    fake_of(g)->ops->start(fake_of(g), events ? &own : NULL);
}

static struct engine_call *info(struct engine *g, engine_info_done done, void *user)
{
    return fake_of(g)->ops->info(fake_of(g), done, user);
}

static struct engine_call *image_ensure(struct engine *g, const char *image,
                                        const char *auth, engine_done done, void *user)
{
    return fake_of(g)->ops->image_ensure(fake_of(g), image, auth, done, user);
}

static void remember(struct engine_spy *spy, const Swarm__Task *task)
{
    if (map_get(&spy->tasks, task->id))
        return;
    struct spy_task *t = calloc(1, sizeof(*t));
    CHECK(t);
    t->stop_asked_at = CLOCK_NEVER;
    t->task = (Swarm__Task *)message_copy(&task->base);
    CHECK(t->task && map_put(&spy->tasks, task->id, t, NULL) == 0);
}

static struct engine_call *create(struct engine *g, const struct engine_container *c,
                                  engine_create_done done, void *user)
{
    remember(spy_of(g), c->task);
    return fake_of(g)->ops->create(fake_of(g), c, done, user);
}

static struct engine_call *start_container(struct engine *g, const char *id,
                                           engine_done done, void *user)
{
    return fake_of(g)->ops->start_container(fake_of(g), id, done, user);
}

static struct engine_call *inspect(struct engine *g, const char *id,
                                   engine_inspect_done done, void *user)
{
    return fake_of(g)->ops->inspect(fake_of(g), id, done, user);
}

static struct engine_call *kill_container(struct engine *g, const char *id,
                                          const char *signal, engine_done done,
                                          void *user)
{
    return fake_of(g)->ops->kill(fake_of(g), id, signal, done, user);
}

static struct engine_call *remove_container(struct engine *g, const char *id,
                                            engine_done done, void *user)
{
    return fake_of(g)->ops->remove(fake_of(g), id, done, user);
}

static struct engine_call *list(struct engine *g, const char *node_id,
                                engine_list_done done, void *user)
{
    return fake_of(g)->ops->list(fake_of(g), node_id, done, user);
}

static struct engine_call *health_check(struct engine *g, const char *id,
                                        engine_health_done done, void *user)
{
    return fake_of(g)->ops->health_check(fake_of(g), id, done, user);
}

static struct engine_call *logs(struct engine *g, const char *id,
                                const struct engine_log_options *options,
                                engine_log_data data, engine_done done, void *user)
{
    return fake_of(g)->ops->logs(fake_of(g), id, options, data, done, user);
}

static void close_fake(struct engine *g, void (*closed)(void *user), void *user)
{
    fake_of(g)->ops->close(fake_of(g), closed, user);
}

static const struct engine_ops ops = {
    .start = start,
    .info = info,
    .image_ensure = image_ensure,
    .create = create,
    .start_container = start_container,
    .inspect = inspect,
    .kill = kill_container,
    .remove = remove_container,
    .list = list,
    .health_check = health_check,
    .logs = logs,
    .close = close_fake,
};

/* ---- life ---- */

void engine_spy_init(struct engine_spy *spy, struct stage *stage,
                     struct fake_engine *fake)
{
    *spy = (struct engine_spy){.base = {&ops}, .stage = stage, .fake = fake};
}

void engine_spy_deinit(struct engine_spy *spy)
{
    for (size_t i = 0; i < spy->tasks.len; i++) {
        struct spy_task *t = spy->tasks.entries[i].value;
        message_free(&t->task->base);
        free(t);
    }
    map_deinit(&spy->tasks);
}

struct fake_container *engine_spy_container(const struct engine_spy *spy,
                                            const struct spy_task *t)
{
    return fake_engine_find(spy->fake, t->task->id);
}
