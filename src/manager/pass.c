/* SPDX-License-Identifier: Apache-2.0 */
#include "manager/pass.h"

int pass_edit(struct pass *p, const struct object *o, struct object **copy)
{
    return object_copy(o, copy) ? err_no_memory(p->e) : 0;
}

/* Keeps the books about a task that was written. */
static int note(struct pass *p, enum store_action action, const struct object *before,
                const struct object *after)
{
    const struct store_change c = {.action = action, .before = before, .after = after};
    if (store_change_object(&c)->kind != OBJECT_TASK)
        return 0;
    return observe_own(p->m, &c) ? err_no_memory(p->e) : 0;
}

int pass_create(struct pass *p, struct object *obj, const struct object **out)
{
    const struct object *written = obj;
    int r = store_tx_create(p->tx, obj, p->e);
    if (!r)
        r = note(p, STORE_CREATE, NULL, written);
    if (!r && out)
        *out = object_ref(written);
    return r;
}

int pass_update(struct pass *p, struct object *obj, const struct object **out)
{
    const struct object *written = obj;
    int r = store_tx_update(p->tx, obj, p->e);
    if (!r)
        r = note(p, STORE_UPDATE, NULL, written);
    if (!r && out)
        *out = object_ref(written);
    return r;
}

int pass_remove_task(struct pass *p, const struct object *task)
{
    cleanup_object UNUSED const struct object *keep = object_ref(task);
    int r = store_tx_remove(p->tx, OBJECT_TASK, task->task->id, p->e);
    return r ? r : note(p, STORE_REMOVE, task, NULL);
}
