/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets of a task that are references: their values are asked for one after the other
 * before the files are written, and kept no longer than that. Those of the swarm's own
 * nobody is asked for: the task has what it was given.
 */
#include <stdlib.h>

#include "agent/reference_call.h"
#include "agent/task.h"
#include "base/mem.h"

void task_references_drop(struct task *t)
{
    struct task_references *r = &t->references;
    reference_call_close(r->call);
    for (size_t i = 0; i < r->n; i++)
        buf_deinit(&r->values[i]);
    free(r->values);
    *r = (struct task_references){0};
}

static int make_room(struct task_references *r, size_t n, struct err *e)
{
    if (r->values || !n)
        return 0;
    r->values = calloc(n, sizeof(*r->values));
    if (!r->values)
        return err_no_memory(e);
    for (r->n = 0; r->n < n; r->n++)
        r->values[r->n] = (struct buf)BUF_INIT;
    return 0;
}

static void answered(int code, const struct err *e, struct buf *value, void *user)
{
    struct task *t = user;
    struct task_references *r = &t->references;
    r->call = NULL;
    if (code) {
        task_fail(t, e);
    } else {
        r->values[r->next++] = *value;
        *value = (struct buf)BUF_INIT;
        t->is_due = true;
    }
    task_run(t);
}

static int ask(struct task *t, const Swarm__SecretReference *ref, struct err *e)
{
    if (ref->target_case != SWARM__SECRET_REFERENCE__TARGET_FILE || !ref->file)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "malformed secret reference, no target provided");
    return reference_call_new(t->context->starting, ref->file->name, ref->secret_name,
                              answered, t, &t->references.call, e);
}

int task_references_ask(struct task *t, bool *is_waiting, struct err *e)
{
    const Swarm__ContainerSpec *spec = t->spec->spec->container;
    struct task_references *r = &t->references;
    int code = make_room(r, spec->n_secrets, e);
    while (!code && !r->call && r->next < r->n) {
        const Swarm__SecretReference *ref = spec->secrets[r->next];
        if (secret_reference_is(ref->secret_name) &&
            !swarm_reference_is(ref->secret_name))
            code = ask(t, ref, e);
        else
            r->next++;
    }
    *is_waiting = r->call != NULL;
    return code;
}

/* ---- variables ---- */

static int add_given(struct task *t, const char *reference, struct engine_given *out,
                     struct err *e)
{
    size_t i;
    int r = swarm_reference_find(t->spec->spec->container, reference, &i, e);
    if (!r)
        *out = (struct engine_given){reference, t->files.paths[i]};
    return r;
}

int task_references_given(struct task *t, struct engine_given **out, size_t *n,
                          struct err *e)
{
    const Swarm__ContainerSpec *spec = t->spec->spec->container;
    cleanup_free struct engine_given *given = calloc(spec->n_env + 1, sizeof(*given));
    size_t found = 0;
    int r = 0;
    if (!given)
        return err_no_memory(e);
    for (size_t i = 0; i < spec->n_env && !r; i++) {
        const char *reference = swarm_reference_of_variable(spec->env[i]);
        if (reference)
            r = add_given(t, reference, &given[found++], e);
    }
    if (r)
        return r;
    *out = TAKE(given);
    *n = found;
    return 0;
}
