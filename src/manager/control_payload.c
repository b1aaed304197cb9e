/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets and configs: a payload under a name. It never changes, and can't go while a
 * service uses it. */
#include "base/mem.h"
#include "base/str.h"
#include "manager/control_kinds.h"

/* A config's payload isn't sealed, so it is compared here. None given is none changed. */
static bool is_same_payload(const struct control *c, const struct object *old,
                            const ProtobufCMessage *spec)
{
    if (c->kind == OBJECT_SECRET)
        return c->how->data_unchanged || ((const Swarm__SecretSpec *)spec)->data.len == 0;
    const ProtobufCBinaryData *a = &old->config->spec->data;
    const ProtobufCBinaryData *b = &((const Swarm__ConfigSpec *)spec)->data;
    return b->len == 0 || (a->len == b->len && memcmp(a->data, b->data, a->len) == 0);
}

static Swarm__Annotations **annotations_of(enum object_kind kind, ProtobufCMessage *spec)
{
    return kind == OBJECT_SECRET ? &((Swarm__SecretSpec *)spec)->annotations
                                 : &((Swarm__ConfigSpec *)spec)->annotations;
}

int payload_control_update(const struct control *c, struct object *copy,
                           ProtobufCMessage **spec)
{
    ProtobufCMessage *old = c->kind == OBJECT_SECRET
                                ? (ProtobufCMessage *)copy->secret->spec
                                : (ProtobufCMessage *)copy->config->spec;
    Swarm__Annotations **mine = annotations_of(c->kind, old);
    Swarm__Annotations **given = annotations_of(c->kind, *spec);
    if (!*given || !str_equal((*mine)->name, (*given)->name) ||
        !is_same_payload(c, copy, *spec))
        return err_set(c->e, ERR_INVALID_ARGUMENT, "only updates to Labels are allowed");
    message_free(&(*mine)->base);
    *mine = TAKE(*given);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(object_name(*(const struct object *const *)a),
                  object_name(*(const struct object *const *)b));
}

static int in_use(const struct control *c, const struct object *o,
                  struct object_list *services)
{
    cleanup_buf struct buf names = BUF_INIT;
    qsort(services->objects, services->len, sizeof(services->objects[0]), by_name);
    for (size_t i = 0; i < services->len; i++)
        if (buf_append_str(&names, i ? ", " : "") ||
            buf_append_str(&names, object_name(services->objects[i])))
            return err_no_memory(c->e);
    return err_set(c->e, ERR_INVALID_ARGUMENT,
                   "%s '%s' is in use by the following service%s: %s",
                   object_kind_name(c->kind), object_name(o),
                   services->len > 1 ? "s" : "", buf_str(&names));
}

int payload_control_remove(const struct control *c, const struct object *o)
{
    cleanup_object_list struct object_list services = OBJECT_LIST_INIT;
    if (store_find(c->view, OBJECT_SERVICE,
                   c->kind == OBJECT_SECRET ? STORE_BY_SECRET : STORE_BY_CONFIG, c->id,
                   &services))
        return err_no_memory(c->e);
    return services.len ? in_use(c, o, &services) : 0;
}
