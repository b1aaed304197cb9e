/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/node_state.h"

#include <jansson.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

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

static int decode(json_t *root, struct node_state *out)
{
    int version, is_auto, membership;
    const char *name, *node_id, *cluster_id, *addr;
    if (json_unpack(root, "{s:i, s:s, s:b, s:s, s:s, s:s}", "version", &version,
                    "membership", &name, "auto", &is_auto, "node", &node_id, "cluster",
                    &cluster_id, "manager-addr", &addr))
        return ERR_DATA_LOSS;
    membership = membership_from_name(name);
    if (version != NODE_STATE_VERSION || membership < 0)
        return ERR_DATA_LOSS;
    if (membership == NODE_MEMBER &&
        (!object_id_is_valid(node_id) || !object_id_is_valid(cluster_id)))
        return ERR_DATA_LOSS;
    *out = (struct node_state){.membership = (enum node_membership)membership,
                               .is_auto = is_auto};
    strcpy_cut(out->node_id, sizeof(out->node_id), node_id);
    strcpy_cut(out->cluster_id, sizeof(out->cluster_id), cluster_id);
    strcpy_cut(out->manager_addr, sizeof(out->manager_addr), addr);
    return 0;
}

int node_state_load(const char *path, struct node_state *out, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    int r = file_read(path, NODE_STATE_MAX, &text, e);
    if (r == ERR_NOT_FOUND) {
        *out = (struct node_state){.membership = NODE_FRESH};
        return 0;
    }
    if (r)
        return r;
    json_t *root = json_loadb(buf_str(&text), text.len, 0, NULL);
    r = root ? decode(root, out) : ERR_DATA_LOSS;
    json_decref(root);
    if (r)
        return err_set(e, r, "%s is damaged: it doesn't say what this node is", path);
    return 0;
}

int node_state_save(const char *path, const struct node_state *s, struct err *e)
{
    json_t *root =
        json_pack("{s:i, s:s, s:b, s:s, s:s, s:s}", "version", NODE_STATE_VERSION,
                  "membership", names[s->membership], "auto", s->is_auto, "node",
                  s->node_id, "cluster", s->cluster_id, "manager-addr", s->manager_addr);
    cleanup_free char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (!text)
        return err_no_memory(e);
    return file_replace(path, 0600, text, strlen(text), e);
}
