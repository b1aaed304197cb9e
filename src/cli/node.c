/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/node.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/output.h"
#include "cli/tasks.h"

int node_self(struct cli *c, char **id, struct err *e)
{
    cleanup_json json_t *info = NULL;
    int r = client_get(c->client, "/info", &info, e);
    if (r)
        return r;
    *id = strdup(field_string(info, "Swarm.NodeID"));
    return *id ? 0 : err_no_memory(e);
}

/* The path of a node; "self" is the daemon's own. */
static int node_path(struct cli *c, const char *name, struct buf *path, struct err *e)
{
    cleanup_free char *self = NULL;
    int r = str_equal(name, "self") ? node_self(c, &self, e) : 0;
    if (r)
        return r;
    return path_printf(path, "/nodes/%s", self ? self : name) ? err_no_memory(e) : 0;
}

static int fetch(struct cli *c, const char *name, json_t **out, struct err *e)
{
    cleanup_buf struct buf path = BUF_INIT;
    int r = node_path(c, name, &path, e);
    return r ? r : client_get(c->client, buf_str(&path), out, e);
}

/* ---- ls ---- */

static const char *const headers[] = {
    "ID",           "ID",           "Self",          "",
    "Hostname",     "HOSTNAME",     "Status",        "STATUS",
    "Availability", "AVAILABILITY", "ManagerStatus", "MANAGER STATUS",
    "TLSStatus",    "TLS STATUS",   "EngineVersion", "ENGINE VERSION",
    NULL,
};
static const struct listing list = {
    "{{.ID}} {{if .Self}}*{{else}} {{end}}\t{{.Hostname}}\t{{.Status}}\t{{.Availability}}"
    "\t{{.ManagerStatus}}\t{{.EngineVersion}}",
    headers};

static const char *tls_status(const json_t *node, const json_t *info)
{
    const json_t *ours = field_get(node, "Description.TLSInfo");
    const json_t *cluster = field_get(info, "Swarm.Cluster.TLSInfo");
    if (!field_has(node, "Description.TLSInfo"))
        return "Unknown";
    return json_equal(ours, cluster) ? "Ready" : "Needs Rotation";
}

static json_t *make_row(const json_t *node, const json_t *info)
{
    char status[32], availability[32], manager[32];
    const char *id = field_string(node, "ID");
    tasks_title(field_string(node, "Status.State"), status);
    tasks_title(field_string(node, "Spec.Availability"), availability);
    tasks_title(field_bool(node, "ManagerStatus.Leader")
                    ? "leader"
                    : field_string(node, "ManagerStatus.Reachability"),
                manager);
    return json_pack("{s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:s}", "ID", id, "Self",
                     str_equal(id, field_string(info, "Swarm.NodeID")), "Hostname",
                     field_string(node, "Description.Hostname"), "Status", status,
                     "Availability", availability, "ManagerStatus", manager, "TLSStatus",
                     tls_status(node, info), "EngineVersion",
                     field_string(node, "Description.Engine.EngineVersion"));
}

static int by_hostname(const void *a, const void *b)
{
    const json_t *const *x = a, *const *y = b;
    return strverscmp(field_string(*x, "Description.Hostname"),
                      field_string(*y, "Description.Hostname"));
}

static int run_ls(struct cli *c, struct err *e)
{
    cleanup_buf struct buf path = BUF_INIT;
    cleanup_json json_t *nodes = NULL, *info = NULL, *rows = json_array();
    if (buf_append_str(&path, "/nodes") || output_filters(&path, '?', &c->flags, NULL))
        return err_no_memory(e);
    int r = client_get(c->client, buf_str(&path), &nodes, e);
    if (!r && json_array_size(nodes))
        r = client_get(c->client, "/info", &info, e);
    if (!r)
        r = output_sort(nodes, by_hostname, e);
    for (size_t i = 0; i < json_array_size(nodes) && !r; i++)
        r = output_add_row(rows, make_row(json_array_get(nodes, i), info), e);
    return r ? r : output_list(c, &list, rows, e);
}

/* ---- inspect ---- */

/* The names of the engine's plugins by kind, for the pretty form. */
static int prepare(struct cli *c, json_t *node, struct err *e)
{
    static const char *const kinds[] = {"Log", "Network", "Volume"};
    const json_t *plugins = field_get(node, "Description.Engine.Plugins");
    json_t *named = field_object(node, "Plugins");
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
        for (size_t i = 0; i < json_array_size(plugins); i++) {
            json_t *plugin = json_array_get(plugins, i);
            json_t *list_of_kind = field_array(named, kinds[k]);
            if (str_equal(field_string(plugin, "Type"), kinds[k]) &&
                json_array_append(list_of_kind, json_object_get(plugin, "Name")))
                return err_no_memory(e);
        }
    return named ? 0 : err_no_memory(e);
}

static const struct inspection inspection = {
    .fetch = fetch,
    .prepare = prepare,
    .pretty =
        "ID:\t\t\t{{.ID}}\n"
        "{{- if .Spec.Name}}\nName:\t\t\t{{.Spec.Name}}{{end}}"
        "{{- if .Spec.Labels}}\nLabels:{{range $k, $v := .Spec.Labels}}\n - {{$k}}"
        "{{if $v}}={{$v}}{{end}}{{end}}{{end}}\n"
        "Hostname:              \t{{.Description.Hostname}}\n"
        "Joined at:             \t{{time .CreatedAt}}\n"
        "Status:\n State:\t\t\t{{title .Status.State}}\n"
        "{{- if .Status.Message}}\n Message:\t\t{{.Status.Message}}{{end}}\n"
        " Availability:         \t{{title .Spec.Availability}}\n"
        "{{- if .Status.Addr}}\n Address:\t\t{{.Status.Addr}}{{end}}\n"
        "{{- if .ManagerStatus}}\nManager Status:\n Address:\t\t{{.ManagerStatus.Addr}}\n"
        " Raft Status:\t\t{{title .ManagerStatus.Reachability}}\n"
        " Leader:\t\t{{if .ManagerStatus.Leader}}Yes{{else}}No{{end}}{{end}}\n"
        "Platform:\n Operating System:\t{{.Description.Platform.OS}}\n"
        " Architecture:\t\t{{.Description.Platform.Architecture}}\n"
        "Resources:\n CPUs:\t\t\t{{cpus .Description.Resources.NanoCPUs}}\n"
        " Memory:\t\t{{size .Description.Resources.MemoryBytes}}\n"
        "{{- if .Plugins}}\nPlugins:{{range $kind, $names := .Plugins}}{{if $names}}\n"
        " {{$kind}}:\t\t{{join $names \", \"}}{{end}}{{end}}{{end}}\n"
        "Engine Version:\t\t{{.Description.Engine.EngineVersion}}\n"
        "{{- with .Description.Engine.Labels}}\nEngine Labels:{{range $k, $v := .}}\n"
        " - {{$k}}={{$v}}{{end}}{{end}}"
        "{{- with .Description.TLSInfo}}\nTLS Info:\n TrustRoot:\n{{.TrustRoot}}\n"
        " Issuer Subject:\t{{.CertIssuerSubject}}\n"
        " Issuer Public Key:\t{{.CertIssuerPublicKey}}{{end}}",
};

static int run_inspect(struct cli *c, struct err *e)
{
    return output_inspect(c, &inspection, e);
}

/* ---- update, promote, demote, rm ---- */

static int post_spec(struct cli *c, const json_t *node, struct err *e)
{
    char version[32];
    cleanup_buf struct buf path = BUF_INIT;
    snprintf(version, sizeof(version), "%lld",
             (long long)field_int(node, "Version.Index"));
    if (path_printf(&path, "/nodes/%s/update?version=%s", field_string(node, "ID"),
                    version))
        return err_no_memory(e);
    return client_post(c->client, buf_str(&path), json_object_get(node, "Spec"), NULL, e);
}

static int change_labels(json_t *node, const struct flags *f, struct err *e)
{
    const char *label;
    json_t *labels = field_object(node, "Spec.Labels");
    for (size_t i = 0; (label = flags_next(f, "label-add", &i));) {
        size_t n = strcspn(label, "=");
        const char *value = label[n] ? label + n + 1 : "";
        if (json_object_setn_new(labels, label, n, json_string(value)))
            return err_no_memory(e);
    }
    for (size_t i = 0; (label = flags_next(f, "label-rm", &i));)
        if (json_object_del(labels, label))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "key %s doesn't exist in node's labels", label);
    return 0;
}

static int run_update(struct cli *c, struct err *e)
{
    cleanup_json json_t *node = NULL;
    const char *role = flags_string(&c->flags, "role");
    const char *availability = flags_string(&c->flags, "availability");
    int r = fetch(c, c->argv[0], &node, e);
    if (!r)
        r = change_labels(node, &c->flags, e);
    if (!r && role && field_set_string(node, "Spec.Role", role))
        r = err_no_memory(e);
    if (!r && availability && field_set_string(node, "Spec.Availability", availability))
        r = err_no_memory(e);
    if (!r)
        r = post_spec(c, node, e);
    if (!r)
        printf("%s\n", c->argv[0]);
    return r;
}

static int set_role(struct cli *c, const char *name, const char *role, bool *changed,
                    struct err *e)
{
    cleanup_json json_t *node = NULL;
    int r = fetch(c, name, &node, e);
    *changed = !str_equal(field_string(node, "Spec.Role"), role);
    if (r || !*changed)
        return r;
    if (field_set_string(node, "Spec.Role", role))
        return err_no_memory(e);
    return post_spec(c, node, e);
}

static int run_promote(struct cli *c, struct err *e)
{
    int r = 0;
    for (int i = 0; i < c->argc && !r; i++) {
        bool changed = false;
        r = set_role(c, c->argv[i], "manager", &changed, e);
        if (!r)
            printf(changed ? "Node %s promoted to a manager in the swarm.\n"
                           : "Node %s is already a manager.\n",
                   c->argv[i]);
    }
    return r;
}

static int run_demote(struct cli *c, struct err *e)
{
    int r = 0;
    for (int i = 0; i < c->argc && !r; i++) {
        bool changed = false;
        r = set_role(c, c->argv[i], "worker", &changed, e);
        if (!r)
            printf(changed ? "Manager %s demoted in the swarm.\n"
                           : "Node %s is already a worker.\n",
                   c->argv[i]);
    }
    return r;
}

static int run_rm(struct cli *c, struct err *e)
{
    return output_remove(c, "/nodes", e);
}

/* ---- ps ---- */

static int add_tasks(struct cli *c, const char *name, json_t *tasks, struct err *e)
{
    cleanup_json json_t *node = NULL, *found = NULL;
    cleanup_buf struct buf path = BUF_INIT;
    int r = fetch(c, name, &node, e);
    if (r)
        return r;
    const char *only[] = {"node", field_string(node, "ID"), NULL};
    if (buf_append_str(&path, "/tasks") || output_filters(&path, '?', &c->flags, only))
        return err_no_memory(e);
    r = client_get(c->client, buf_str(&path), &found, e);
    if (!r && json_array_extend(tasks, found))
        r = err_no_memory(e);
    return r;
}

static int run_ps(struct cli *c, struct err *e)
{
    cleanup_json json_t *tasks = json_array();
    int r = c->argc ? 0 : add_tasks(c, "self", tasks, e);
    for (int i = 0; i < c->argc && !r; i++) {
        struct err why = {0};
        if (add_tasks(c, c->argv[i], tasks, &why))
            output_failure(c, &why);
    }
    if (r || (c->status && !json_array_size(tasks)))
        return r;
    return tasks_print(c, tasks, e);
}

/* ---- the table ---- */

static const struct flag ls_flags[] = {FLAG_FILTER, FLAG_FORMAT, FLAG_QUIET, {0}};
static const struct flag inspect_flags[] = {FLAG_FORMAT_INSPECT, FLAG_PRETTY, {0}};
static const struct flag rm_flags[] = {
    {"force", 'f', &flag_switch, "Force remove a node from the swarm", NULL, NULL},
    {0},
};
static const struct flag update_flags[] = {
    {"availability", 0, &flag_string,
     "Availability of the node (\"active\", \"pause\", \"drain\")", NULL, NULL},
    {"label-add", 0, &flag_label, "Add or update a node label (\"key=value\")", NULL,
     NULL},
    {"label-rm", 0, &flag_list, "Remove a node label if exists", NULL, NULL},
    {"role", 0, &flag_string, "Role of the node (\"worker\", \"manager\")", NULL, NULL},
    {0},
};

const struct command node_commands[] = {
    {"demote", NULL, "NODE [NODE...]",
     "Demote one or more nodes from manager in the swarm", 1, -1, false, TAKES_NODES,
     NULL, run_demote},
    {"inspect", NULL, "[OPTIONS] self|NODE [NODE...]",
     "Display detailed information on one or more nodes", 1, -1, false, TAKES_NODES,
     inspect_flags, run_inspect},
    {"ls", "list", "[OPTIONS]", "List nodes in the swarm", 0, 0, false, TAKES_NOTHING,
     ls_flags, run_ls},
    {"promote", NULL, "NODE [NODE...]",
     "Promote one or more nodes to manager in the swarm", 1, -1, false, TAKES_NODES, NULL,
     run_promote},
    {"ps", NULL, "[OPTIONS] [NODE...]",
     "List tasks running on one or more nodes, defaults to current node", 0, -1, false,
     TAKES_NODES, tasks_flags, run_ps},
    {"rm", "remove", "[OPTIONS] NODE [NODE...]",
     "Remove one or more nodes from the swarm", 1, -1, false, TAKES_NODES, rm_flags,
     run_rm},
    {"update", NULL, "[OPTIONS] NODE", "Update a node", 1, 1, false, TAKES_NODES,
     update_flags, run_update},
    {0},
};
