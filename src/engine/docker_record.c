/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/docker_record.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

struct docker_writing {
    struct work_turn turn;
    struct docker_call *call; /* NULL: it doesn't wait any more */
    const char *folder;       /* the client's, which waits for us when it is closed */
    char id[DOCKER_ID_MAX + 1];
    struct record record;
    int code;
    struct err why;
};

static void write_record(struct work_turn *t)
{
    struct docker_writing *w = CONTAINER_OF(t, struct docker_writing, turn);
    w->code = record_write(w->folder, w->id, &w->record, &w->why);
}

static void on_written(struct work_turn *t)
{
    struct docker_writing *w = CONTAINER_OF(t, struct docker_writing, turn);
    const union docker_result made = {.id = w->id};
    struct docker_call *c = w->call;
    if (c) {
        c->writing = NULL;
        docker_call_end(c, w->code, w->code ? &w->why : NULL, w->code ? NULL : &made);
    }
    record_deinit(&w->record);
    free(w);
}

void docker_record_write(struct docker_call *c, const char *id)
{
    struct docker_writing *w = calloc(1, sizeof(*w));
    struct err e;
    if (!w) {
        docker_call_end(c, err_no_memory(&e), &e, NULL);
        return;
    }
    w->call = c;
    w->folder = c->api->references;
    strcpy_cut(w->id, sizeof(w->id), id);
    w->record = c->record;
    c->record = (struct record){0};
    c->writing = w;
    work_queue_add(&c->api->records, &w->turn, write_record, on_written);
}

void docker_record_leave(struct docker_call *c)
{
    if (c->writing)
        c->writing->call = NULL;
    c->writing = NULL;
}
