/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times may be whole seconds, so a time alone doesn't tell lines apart: those of the last
 * time are counted, and as many are left out when they come again. Once a task is past
 * its last time, nothing of it is left out any more, since an engine may tell lines that
 * were written almost at once in another order than that of their times.
 */
#include "cluster/log_share.h"

#include <stdlib.h>

#include "base/clock.h"
#include "cluster/log_selection.h"
#include "objects/objects.h"

struct told {
    int64_t last;   /* the time of its latest message */
    size_t n_last;  /* messages of that time */
    size_t n_again; /* of them, those that will come again */
    bool is_again;  /* its past is being told again */
};

void log_share_deinit(struct log_share *s)
{
    for (size_t i = 0; i < s->tasks.len; i++)
        free(s->tasks.entries[i].value);
    map_deinit(&s->tasks);
}

void log_share_forget(struct log_share *s, const char *task_id)
{
    free(map_remove(&s->tasks, task_id));
}

static struct told *get_told(struct log_share *s, const char *task_id)
{
    struct told *t = map_get(&s->tasks, task_id);
    if (t)
        return t;
    t = calloc(1, sizeof(*t));
    if (t && map_put(&s->tasks, task_id, t, NULL)) {
        free(t);
        return NULL;
    }
    return t;
}

/* Of what is told again: did it come before? */
static bool is_repeated(struct told *t, int64_t at)
{
    if (at == t->last)
        t->n_again--;
    t->is_again = at <= t->last && t->n_again > 0;
    return at <= t->last;
}

int log_share_note(struct log_share *s, const char *task_id, int64_t at, bool *is_new)
{
    *is_new = true;
    if (!at)
        return 0;
    struct told *t = get_told(s, task_id);
    if (!t)
        return ERR_NO_MEMORY;
    if (t->is_again && is_repeated(t, at)) {
        *is_new = false;
        return 0;
    }
    if (at > t->last) {
        t->last = at;
        t->n_last = 0;
    }
    if (at == t->last)
        t->n_last++;
    return 0;
}

/* The earliest time that a selected task of the node is at; 0: one has told nothing. */
static int find_start(const struct log_share *s, const char *node_id,
                      const Swarm__LogSelector *selector, const struct store_view *v,
                      int64_t *out)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    int r = store_find(v, OBJECT_TASK, STORE_BY_NODE, node_id, &tasks);
    int64_t start = INT64_MAX;
    for (size_t i = 0; i < tasks.len && !r; i++) {
        const Swarm__Task *task = tasks.objects[i]->task;
        if (!log_selection_has(selector, task->service_id, task->id))
            continue;
        const struct told *t = map_get(&s->tasks, task->id);
        int64_t at = t ? t->last : 0;
        start = at < start ? at : start;
    }
    *out = start == INT64_MAX ? 0 : start;
    return r;
}

static void expect_again(struct log_share *s)
{
    for (size_t i = 0; i < s->tasks.len; i++) {
        struct told *t = s->tasks.entries[i].value;
        t->is_again = true;
        t->n_again = t->n_last;
    }
}

int log_share_resume(struct log_share *s, const char *node_id,
                     const Swarm__LogSelector *selector,
                     const Swarm__LogSubscriptionOptions *asked,
                     const struct store_view *v, Swarm__Timestamp *since,
                     Swarm__LogSubscriptionOptions *out)
{
    int64_t start = 0;
    *out = *asked;
    if (!s->tasks.len)
        return 0;
    if (find_start(s, node_id, selector, v, &start))
        return ERR_NO_MEMORY;
    expect_again(s);
    out->tail = 0;
    if (start) {
        since->seconds = start / CLOCK_SECOND;
        since->nanos = (int32_t)(start % CLOCK_SECOND);
        out->since = since;
    }
    return 0;
}
