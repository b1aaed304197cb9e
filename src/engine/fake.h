/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/list.h"
#include "engine/engine.h"

/*
 * An engine in memory, for tests: containers that run until they are told to end, calls
 * that take as long as the test says, fail when it says, or are carried out and never
 * answered.
 */
struct fake_engine;

enum fake_call_kind {
    FAKE_INFO,
    FAKE_IMAGE,
    FAKE_CREATE,
    FAKE_START,
    FAKE_INSPECT,
    FAKE_KILL,
    FAKE_REMOVE,
    FAKE_LIST,
    FAKE_HEALTH,
    FAKE_LOGS,
    FAKE_KINDS,
};

/* Binds of a container that are kept. */
#define FAKE_BINDS_MAX 64

/* References of one whose values are given that are kept. */
#define FAKE_GIVEN_MAX 8

struct fake_container {
    struct list link;
    char id[32];
    char *name, *task_id, *node_id;
    bool is_running, was_started;
    bool ignores_signals; /* all but SIGKILL */
    int32_t exit_code;
    enum engine_health health;
    char last_signal[32];
    size_t n_binds;
    struct {
        char *source, *target;
    } binds[FAKE_BINDS_MAX];
    size_t n_given;
    struct {
        char *reference, *path;
    } given[FAKE_GIVEN_MAX];
};

/* It is down until fake_engine_up. Freed by its close(). */
struct fake_engine *fake_engine_new(uv_loop_t *loop);
struct engine *fake_engine_base(struct fake_engine *f);

void fake_engine_up(struct fake_engine *f);

/* Calls under way end with ERR_UNAVAILABLE; containers go on. */
void fake_engine_down(struct fake_engine *f);

/* How long calls of that kind take. */
void fake_engine_delay(struct fake_engine *f, enum fake_call_kind kind, int64_t delay);

/* The next `times` calls of that kind fail so, without effect. */
void fake_engine_fail(struct fake_engine *f, enum fake_call_kind kind, unsigned times,
                      int code, const char *text);

/* The next call of that kind is carried out, and then the engine goes down before it
 * answers. */
void fake_engine_lose(struct fake_engine *f, enum fake_call_kind kind);

/* Only these images are there, once any was named. */
int fake_engine_add_image(struct fake_engine *f, const char *name) MUST_CHECK;

/* Does the engine check health by itself? */
void fake_engine_set_health_checks(struct fake_engine *f, bool runs_them);

/* Each log stream begins with so many lines of FAKE_LINE_SIZE bytes and their time, one a
 * turn of the loop, unless it is held back. */
#define FAKE_LINE_SIZE 1000
void fake_engine_talk(struct fake_engine *f, unsigned lines);

/* How many such lines were given out. */
unsigned fake_engine_said(const struct fake_engine *f);

/* How often a call of that kind began. */
unsigned fake_engine_count(const struct fake_engine *f, enum fake_call_kind kind);

/* The container with that id, name or task id, NULL without. */
struct fake_container *fake_engine_find(struct fake_engine *f, const char *key);
size_t fake_engine_containers(const struct fake_engine *f);

/* A container ends by itself, with its event. */
void fake_engine_exit(struct fake_engine *f, struct fake_container *c, int32_t exit_code);
void fake_engine_set_health(struct fake_engine *f, struct fake_container *c,
                            enum engine_health health);

/* A container that was there before. */
struct fake_container *fake_engine_add(struct fake_engine *f, const char *name,
                                       const char *task_id, const char *node_id,
                                       bool is_running);
