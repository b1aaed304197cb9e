/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api_world.h"

/* A daemon and a client that looks at the bytes of one answer. */
struct fixture {
    struct api_world world;
    struct wire wire;
    bool has_wire;
};

static inline int setup(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof(f));
    world_open(&f.world);
    *state = &f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    if (f->has_wire)
        wire_close(&f->wire, &f->world.net);
    world_close(&f->world);
    return 0;
}

static inline void open_on(struct fixture *f, struct wire *w, const char *target)
{
    char text[1024];
    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: d\r\n\r\n", target);
    wire_open(w, &f->world.net, f->world.net.path);
    wire_send(w, &f->world.net, text);
}

static inline void open_wire(struct fixture *f, const char *target)
{
    f->has_wire = true;
    open_on(f, &f->wire, target);
}

static inline void wait_for(struct fixture *f, const char *text)
{
    TURN_UNTIL(&f->world.net, wire_has(&f->wire, text));
}
