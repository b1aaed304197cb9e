/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fake_container.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct fake_container *fake_container_new(unsigned number, const char *name,
                                          const char *task_id, const char *node_id)
{
    struct fake_container *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    list_init(&c->link);
    snprintf(c->id, sizeof(c->id), "container%u", number);
    c->name = strdup(name);
    c->task_id = strdup(task_id);
    c->node_id = strdup(node_id);
    if (c->name && c->task_id && c->node_id)
        return c;
    fake_container_free(c);
    return NULL;
}

int fake_container_bind(struct fake_container *c, const struct engine_bind *b)
{
    if (c->n_binds == FAKE_BINDS_MAX)
        return ERR_RESOURCE_EXHAUSTED;
    c->binds[c->n_binds].source = strdup(b->source);
    c->binds[c->n_binds].target = strdup(b->target);
    c->n_binds++;
    return 0;
}

int fake_container_give(struct fake_container *c, const struct engine_given *g)
{
    if (c->n_given == FAKE_GIVEN_MAX)
        return ERR_RESOURCE_EXHAUSTED;
    c->given[c->n_given].reference = strdup(g->reference);
    c->given[c->n_given].path = strdup(g->path);
    c->n_given++;
    return 0;
}

void fake_container_free(struct fake_container *c)
{
    list_remove(&c->link);
    for (size_t i = 0; i < c->n_binds; i++) {
        free(c->binds[i].source);
        free(c->binds[i].target);
    }
    for (size_t i = 0; i < c->n_given; i++) {
        free(c->given[i].reference);
        free(c->given[i].path);
    }
    free(c->name);
    free(c->task_id);
    free(c->node_id);
    free(c);
}

struct engine_state fake_container_state(const struct fake_container *c)
{
    return (struct engine_state){
        .id = c->id,
        .name = c->name,
        .task_id = c->task_id,
        .is_running = c->is_running,
        .is_created_only = !c->was_started,
        .exit_code = c->exit_code,
        .health = c->health,
        .health_interval = 10 * 1000 * 1000,
        .error = "",
        .stop_signal = "",
    };
}

bool fake_container_obeys(const struct fake_container *c, const char *signal)
{
    return !c->ignores_signals || str_equal(signal, "SIGKILL");
}
