/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets of a task that are references: their values are asked for one after the other
 * before the files are written, and kept no longer than that.
 */
#include <stdlib.h>

#include "agent/reference_call.h"
#include "agent/task.h"

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
        if (secret_reference_is(ref->secret_name))
            code = ask(t, ref, e);
        else
            r->next++;
    }
    *is_waiting = r->call != NULL;
    return code;
}
