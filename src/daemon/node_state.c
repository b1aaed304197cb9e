/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/node_state.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "json/json.h"

#define NODE_STATE_MAX 4096
#define NODE_STATE_VERSION 1

static const char *const names[] = {
    [NODE_FRESH] = "fresh",
    [NODE_MEMBER] = "member",
    [NODE_LEFT] = "left",
};

static int membership_from_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (str_equal(name, names[i]))
            return (int)i;
    return -1;
}

/* Files of before have no such list. */
static int decode_former(const json_t *root, struct node_state *out, struct err *e)
{
    const json_t *list = json_object_get(root, "former");
    if (list && (!json_is_array(list) || json_array_size(list) > NODE_FORMER_MAX))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "former: must be a list of %d ids at most", NODE_FORMER_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *id = json_string_value(json_array_get(list, i));
        if (!id || !object_id_is_valid(id))
            return err_set(e, ERR_INVALID_ARGUMENT, "former: must be ids");
        strcpy_cut(out->former[i], sizeof(out->former[i]), id);
    }
    return 0;
}

static int decode(const json_t *root, struct node_state *out, struct err *e)
{
    int64_t version;
    bool is_auto = false;
    const char *name = "", *node_id = "", *cluster_id = "", *addr = "";
    int r = json_get_int(root, "version", NODE_STATE_VERSION, NODE_STATE_VERSION,
                         &version, e);
    r = r ?: json_get_text(root, "membership", &name, e);
    r = r ?: json_get_bool(root, "auto", &is_auto, e);
    r = r ?: json_get_text(root, "node", &node_id, e);
    r = r ?: json_get_text(root, "cluster", &cluster_id, e);
    r = r ?: json_get_text(root, "manager-addr", &addr, e);
    int membership = membership_from_name(name);
    if (!r && membership < 0)
        r = err_set(e, ERR_INVALID_ARGUMENT, "membership: unknown");
    if (!r && membership == NODE_MEMBER &&
        (!object_id_is_valid(node_id) || !object_id_is_valid(cluster_id)))
        r = err_set(e, ERR_INVALID_ARGUMENT, "node, cluster: must be ids");
    if (r)
        return r;
    struct node_state s = {.membership = (enum node_membership)membership,
                           .is_auto = is_auto};
    strcpy_cut(s.node_id, sizeof(s.node_id), node_id);
    strcpy_cut(s.cluster_id, sizeof(s.cluster_id), cluster_id);
    strcpy_cut(s.manager_addr, sizeof(s.manager_addr), addr);
    r = decode_former(root, &s, e);
    if (!r)
        *out = s;
    return r;
}

int node_state_load(const char *path, struct node_state *out, struct err *e)
{
    static const struct json_limits limits = {
        .bytes = NODE_STATE_MAX, .values = 64, .depth = 4};
    cleanup_buf struct buf text = BUF_INIT;
    int r = file_read(path, NODE_STATE_MAX, &text, e);
    if (r == ERR_NOT_FOUND) {
        *out = (struct node_state){.membership = NODE_FRESH};
        return 0;
    }
    if (r)
        return r;
    cleanup_json json_t *root = NULL;
    struct err why;
    r = json_read(buf_str(&text), text.len, &limits, &root, &why);
    r = r ?: decode(root, out, &why);
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    if (r)
        return err_set(e, ERR_DATA_LOSS,
                       "%s is damaged: it doesn't say what this node is (%s)", path,
                       why.text);
    return 0;
}

static json_t *encode_former(const struct node_state *s)
{
    cleanup_json json_t *list = json_array();
    if (!list)
        return NULL;
    for (size_t i = 0; i < NODE_FORMER_MAX && *s->former[i]; i++)
        if (json_array_append_new(list, json_string(s->former[i])))
            return NULL;
    return TAKE(list);
}

int node_state_save(const char *path, const struct node_state *s, struct err *e)
{
    cleanup_json json_t *root =
        json_pack("{s:i, s:s, s:b, s:s, s:s, s:s, s:o}", "version", NODE_STATE_VERSION,
                  "membership", names[s->membership], "auto", s->is_auto, "node",
                  s->node_id, "cluster", s->cluster_id, "manager-addr", s->manager_addr,
                  "former", encode_former(s));
    cleanup_buf struct buf text = BUF_INIT;
    if (!root || json_write(root, &text))
        return err_no_memory(e);
    return file_replace(path, 0600, buf_str(&text), text.len, e);
}

bool node_state_add_former(struct node_state *s, const char *node_id)
{
    for (size_t i = 0; i < NODE_FORMER_MAX; i++) {
        if (*s->former[i])
            continue;
        strcpy_cut(s->former[i], sizeof(s->former[i]), node_id);
        return true;
    }
    return false;
}

void node_state_drop_former(struct node_state *s)
{
    memmove(s->former[0], s->former[1], sizeof(s->former) - sizeof(s->former[0]));
    s->former[NODE_FORMER_MAX - 1][0] = '\0';
}
