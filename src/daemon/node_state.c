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
    *out = (struct node_state){.membership = (enum node_membership)membership,
                               .is_auto = is_auto};
    strcpy_cut(out->node_id, sizeof(out->node_id), node_id);
    strcpy_cut(out->cluster_id, sizeof(out->cluster_id), cluster_id);
    strcpy_cut(out->manager_addr, sizeof(out->manager_addr), addr);
    return 0;
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

int node_state_save(const char *path, const struct node_state *s, struct err *e)
{
    cleanup_json json_t *root =
        json_pack("{s:i, s:s, s:b, s:s, s:s, s:s}", "version", NODE_STATE_VERSION,
                  "membership", names[s->membership], "auto", s->is_auto, "node",
                  s->node_id, "cluster", s->cluster_id, "manager-addr", s->manager_addr);
    cleanup_buf struct buf text = BUF_INIT;
    if (!root || json_write(root, &text))
        return err_no_memory(e);
    return file_replace(path, 0600, buf_str(&text), text.len, e);
}
