/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "objects/objects.h"

/*
 * Private to assignments.c: the secrets and configs that the tasks of a node need, each
 * with the number of references to it.
 */
struct dependency {
    struct list changed; /* in dependencies.changed */
    enum object_kind kind;
    size_t users;
    bool is_told; /* the node has it */
    char id[];
};

struct dependencies {
    struct map secrets, configs; /* id -> struct dependency */
    struct list changed;         /* whose number of users went from or to none */
};

void dependencies_init(struct dependencies *d);
void dependencies_deinit(struct dependencies *d);

/* A task needs its dependencies, or needs them no longer. */
int dependencies_add(struct dependencies *d, const Swarm__Task *t) MUST_CHECK;
void dependencies_release(struct dependencies *d, const Swarm__Task *t);

/* Takes the next one out of those that changed; there is one. */
bool dependencies_has_changed(const struct dependencies *d);
struct dependency *dependencies_next_changed(struct dependencies *d);

/* Frees one that has no users. */
void dependencies_forget(struct dependencies *d, struct dependency *x);
