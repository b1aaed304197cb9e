/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's /info with our Swarm in place of its own. Without the engine, what we know
 * of the host and a warning: much of what a client does with the swarm begins here. */
#include <sys/utsname.h>

#include "api/handlers.h"
#include "api/tables.h"
#include "base/str.h"

/* ---- the swarm's part ---- */

static const char *state_name(enum swarm_state state)
{
    static const char *const names[] = {[SWARM_INACTIVE] = "inactive",
                                        [SWARM_ACTIVE] = "active",
                                        [SWARM_LOCKED] = "locked",
                                        [SWARM_ERROR] = "error"};
    return names[state];
}

static size_t encode_managers(const struct object_list *nodes, struct api_json_out *w)
{
    size_t managers = 0;
    api_json_key(w, "RemoteManagers");
    api_json_open(w, '[');
    for (size_t i = 0; i < nodes->len; i++) {
        const Swarm__Node *node = nodes->objects[i]->node;
        if (!node->manager_status)
            continue;
        managers++;
        api_json_open(w, '{');
        api_json_member(w, "NodeID", node->id);
        api_json_member(w, "Addr", node->manager_status->addr);
        api_json_close(w, '}');
    }
    api_json_close(w, ']');
    return managers;
}

static void encode_cluster(struct api *a, const struct store_view *v,
                           struct api_json_out *w)
{
    cleanup_object_list struct object_list nodes = OBJECT_LIST_INIT;
    if (store_find(v, OBJECT_NODE, STORE_ALL, NULL, &nodes)) {
        w->code = ERR_NO_MEMORY;
        return;
    }
    size_t managers = encode_managers(&nodes, w);
    api_json_key(w, "Nodes");
    api_json_uint(w, nodes.len);
    api_json_key(w, "Managers");
    api_json_uint(w, managers);
    if (!store_cluster(v))
        return;
    api_json_key(w, "Cluster");
    api_json_open(w, '{');
    api_swarm_encode(a, v, w);
    api_json_close(w, '}');
}

static int write_swarm(struct api *a, struct buf *out)
{
    struct api_json_out w;
    struct backend_swarm s;
    const struct store_view *v = NULL;
    a->backend->ops->swarm(a->backend, &s);
    bool has_view = s.is_manager && s.state == SWARM_ACTIVE &&
                    !a->backend->ops->view(a->backend, &v, NULL);
    api_json_begin(&w, out);
    api_json_open(&w, '{');
    api_json_member(&w, "NodeID", s.node_id);
    api_json_member(&w, "NodeAddr", s.node_addr);
    api_json_member(&w, "LocalNodeState", state_name(s.state));
    api_json_key(&w, "ControlAvailable");
    api_json_bool(&w, has_view);
    api_json_member(&w, "Error", s.error);
    if (has_view) {
        encode_cluster(a, v, &w);
    } else {
        api_json_key(&w, "RemoteManagers");
        api_json_null(&w);
    }
    api_json_close(&w, '}');
    return api_json_end(&w);
}

/* ---- the whole ---- */

static json_t *make_info(const struct err *e)
{
    struct utsname host;
    uname(&host);
    char warning[ERR_TEXT_SIZE + 64];
    snprintf(warning, sizeof(warning), "WARNING: the container engine doesn't answer: %s",
             err_text(e));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:[s]}", "Name", host.nodename,
                     "ServerVersion", "", "OSType", "linux", "Architecture", host.machine,
                     "KernelVersion", host.release, "ID", "", "Warnings", warning);
}

static int set_swarm(struct api *a, json_t *info)
{
    cleanup_buf struct buf text = BUF_INIT;
    json_t *swarm = NULL;
    if (write_swarm(a, &text) || api_json_parse(buf_str(&text), text.len, &swarm, NULL))
        return ERR_NO_MEMORY;
    return json_object_set_new(info, "Swarm", swarm) ? ERR_NO_MEMORY : 0;
}

static json_t *read_info(struct http_response *r, const struct err *e)
{
    json_t *info = NULL;
    struct err why = {0};
    if (!r)
        return make_info(e);
    if (r->head->status == 200 &&
        !api_json_parse(buf_str(&r->body), r->body.len, &info, &why) &&
        json_is_object(info))
        return info;
    json_decref(info);
    err_set(&why, ERR_UNAVAILABLE, "its /info answered %d", r->head->status);
    return make_info(&why);
}

static void on_fetched(struct api_request *q, struct http_response *r,
                       const struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_json json_t *info = read_info(r, e);
    if (!info || set_swarm(q->api, info) || json_write(info, &text) ||
        buf_append_char(&text, '\n')) {
        struct err failed = {0};
        err_no_memory(&failed);
        api_request_error(q, &failed);
        return;
    }
    api_request_text(q, 200, "application/json", &text);
}

void api_info(struct api_request *q)
{
    api_request_fetch(q, "/info", API_ENGINE_TIMEOUT, on_fetched);
}
