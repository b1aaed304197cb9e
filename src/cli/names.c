/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/names.h"

#include <string.h>

#include "base/str.h"
#include "cli/fields.h"

void names_init(struct names *n, struct client *client, bool resolve)
{
    *n = (struct names){.client = client, .resolve = resolve};
}

static void drop(struct map *m)
{
    for (size_t i = 0; i < m->len; i++)
        free(m->entries[i].value);
    map_deinit(m);
}

void names_deinit(struct names *n)
{
    drop(&n->services);
    drop(&n->nodes);
    drop(&n->tasks);
}

static char *ask(struct names *n, const char *collection, const char *field,
                 const char *id)
{
    cleanup_buf struct buf path = BUF_INIT;
    cleanup_json json_t *object = NULL;
    if (buf_append_str(&path, collection) || path_printf(&path, "/%s", id))
        return NULL;
    if (!n->resolve || client_get(n->client, buf_str(&path), &object, NULL))
        return strdup(id);
    const char *name = field_string(object, field);
    return strdup(*name ? name : id);
}

static const char *look_up(struct names *n, struct map *known, const char *collection,
                           const char *field, const char *id)
{
    if (str_is_empty(id))
        return "";
    char *name = map_get(known, id);
    if (name)
        return name;
    name = ask(n, collection, field, id);
    if (name && map_put(known, id, name, NULL)) {
        free(name);
        return NULL;
    }
    return name;
}

const char *names_service(struct names *n, const char *id)
{
    return look_up(n, &n->services, "/services", "Spec.Name", id);
}

const char *names_node(struct names *n, const char *id)
{
    return look_up(n, &n->nodes, "/nodes", "Description.Hostname", id);
}

/* A new string; NULL without memory. */
static char *make_task_name(struct names *n, const char *id, const char *service,
                            const char *node)
{
    cleanup_buf struct buf path = BUF_INIT;
    cleanup_json json_t *task = NULL;
    const char *name = names_service(n, service);
    if (!name || path_printf(&path, "/tasks/%s", id))
        return NULL;
    long long slot = 0;
    if (client_get(n->client, buf_str(&path), &task, NULL) == 0)
        slot = (long long)field_int(task, "Slot");
    return slot ? str_format("%s.%lld", name, slot) : str_format("%s.%s", name, node);
}

const char *names_task(struct names *n, const char *id, const char *service,
                       const char *node)
{
    char *name = map_get(&n->tasks, id);
    if (name)
        return name;
    name = make_task_name(n, id, service, node);
    if (name && map_put(&n->tasks, id, name, NULL)) {
        free(name);
        return NULL;
    }
    return name;
}
