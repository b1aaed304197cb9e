/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/swarm_private.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/node.h"
#include "cli/output.h"
#include "cli/values.h"

/* ---- the cluster's spec, changed by flags ---- */

enum spec_kind {
    SPEC_UINT,
    SPEC_DURATION,
    SPEC_SWITCH
};

static const struct spec_flag {
    const char *flag;
    enum spec_kind kind;
    const char *path; /* below the spec */
} spec_flags[] = {
    {"autolock", SPEC_SWITCH, "EncryptionConfig.AutoLockManagers"},
    {"cert-expiry", SPEC_DURATION, "CAConfig.NodeCertExpiry"},
    {"dispatcher-heartbeat", SPEC_DURATION, "Dispatcher.HeartbeatPeriod"},
    {"max-snapshots", SPEC_UINT, "Raft.KeepOldSnapshots"},
    {"snapshot-interval", SPEC_UINT, "Raft.SnapshotInterval"},
    {"task-history-limit", SPEC_UINT, "Orchestration.TaskHistoryRetentionLimit"},
};

static json_t *spec_value(const struct spec_flag *s, const struct flags *f)
{
    const char *text = flags_string(f, s->flag);
    int64_t n = 0;
    if (s->kind == SPEC_SWITCH)
        return json_boolean(flags_switch(f, s->flag));
    if (s->kind == SPEC_DURATION ? value_duration(text, &n, NULL)
                                 : value_int(text, &n, NULL))
        return NULL;
    return json_integer(n);
}

int swarm_change_spec(json_t *spec, const struct flags *f, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(spec_flags); i++)
        if (flags_has(f, spec_flags[i].flag) &&
            field_set(spec, spec_flags[i].path, spec_value(&spec_flags[i], f)))
            return err_no_memory(e);
    return 0;
}

int swarm_post_update(struct cli *c, const json_t *cluster, const char *rotate,
                      struct err *e)
{
    char version[32];
    cleanup_buf struct buf path = BUF_INIT;
    snprintf(version, sizeof(version), "%lld",
             (long long)field_int(cluster, "Version.Index"));
    if (path_printf(&path, "/swarm/update?version=%s", version) ||
        buf_append_str(&path, rotate))
        return err_no_memory(e);
    return client_post(c->client, buf_str(&path), json_object_get(cluster, "Spec"), NULL,
                       e);
}

static int update(struct cli *c, const char *rotate, struct err *e)
{
    cleanup_json json_t *cluster = NULL;
    int r = client_get(c->client, "/swarm", &cluster, e);
    if (!r)
        r = swarm_change_spec(field_object(cluster, "Spec"), &c->flags, e);
    return r ? r : swarm_post_update(c, cluster, rotate, e);
}

/* ---- tokens ---- */

/* The address other nodes reach this manager at. */
static int manager_address(struct cli *c, json_t **node, struct err *e)
{
    cleanup_free char *self = NULL;
    cleanup_buf struct buf path = BUF_INIT;
    int r = node_self(c, &self, e);
    if (r)
        return r;
    if (path_printf(&path, "/nodes/%s", self))
        return err_no_memory(e);
    return client_get(c->client, buf_str(&path), node, e);
}

static int print_join_command(struct cli *c, bool worker, struct err *e)
{
    cleanup_json json_t *cluster = NULL, *node = NULL;
    int r = manager_address(c, &node, e);
    if (!r)
        r = client_get(c->client, "/swarm", &cluster, e);
    if (r)
        return r;
    printf("To add a %s to this swarm, run the following command:\n\n"
           "    coffer swarm join --token %s %s\n\n",
           worker ? "worker" : "manager",
           field_string(cluster, worker ? "JoinTokens.Worker" : "JoinTokens.Manager"),
           field_string(node, "ManagerStatus.Addr"));
    return 0;
}

static int run_join_token(struct cli *c, struct err *e)
{
    const char *role = c->argv[0];
    bool worker = str_equal(role, "worker"), quiet = flags_switch(&c->flags, "quiet");
    if (!worker && !str_equal(role, "manager"))
        return err_set(e, ERR_INVALID_ARGUMENT, "unknown role %s", role);
    if (flags_switch(&c->flags, "rotate")) {
        int r =
            update(c, worker ? "&rotateWorkerToken=true" : "&rotateManagerToken=true", e);
        if (r)
            return r;
        if (!quiet)
            printf("Successfully rotated %s join token.\n\n", role);
    }
    if (!quiet)
        return print_join_command(c, worker, e);
    cleanup_json json_t *cluster = NULL;
    int r = client_get(c->client, "/swarm", &cluster, e);
    if (!r)
        printf("%s\n", field_string(cluster,
                                    worker ? "JoinTokens.Worker" : "JoinTokens.Manager"));
    return r;
}

/* ---- the key of the store ---- */

static int run_rotate_key(struct cli *c, struct err *e)
{
    int r = update(c, "&rotateManagerUnlockKey=true", e);
    if (!r)
        puts("The data key is rotated: what is stored from now on is sealed with a new "
             "one, "
             "and\nwhat was stored before is sealed anew in the background.");
    return r;
}

/* ---- init, join, leave, update ---- */

static int init_request(const struct flags *f, json_t *body, struct err *e)
{
    static const char *const texts[][2] = {{"advertise-addr", "AdvertiseAddr"},
                                           {"data-path-addr", "DataPathAddr"},
                                           {"availability", "Availability"}};
    const char *listen = flags_string(f, "listen-addr");
    uint64_t port = 0;
    int r = field_set_string(body, "ListenAddr", listen ? listen : "0.0.0.0:2377");
    for (size_t i = 0; i < ARRAY_SIZE(texts) && !r; i++) {
        const char *text = flags_string(f, texts[i][0]);
        r = field_set_string(body, texts[i][1], text ? text : "");
    }
    if (!r && flags_has(f, "data-path-port") &&
        value_uint(flags_string(f, "data-path-port"), &port, e) == 0)
        r = field_set_int(body, "DataPathPort", (int64_t)port);
    if (!r)
        r = field_set_bool(body, "ForceNewCluster", flags_switch(f, "force-new-cluster"));
    if (!r)
        r = field_set_bool(body, "AutoLockManagers", flags_switch(f, "autolock"));
    return r || !field_object(body, "Spec") ? err_no_memory(e) : 0;
}

static int run_init(struct cli *c, struct err *e)
{
    cleanup_json json_t *body = json_object(), *id = NULL;
    int r = init_request(&c->flags, body, e);
    if (!r)
        r = swarm_change_spec(field_object(body, "Spec"), &c->flags, e);
    if (!r)
        r = client_post(c->client, "/swarm/init", body, &id, e);
    if (r)
        return r;
    const char *node = json_string_value(id);
    printf("Swarm initialized: current node (%s) is now a manager.\n\n",
           node ? node : "");
    r = print_join_command(c, true, e);
    if (r)
        return r;
    puts("To add a manager to this swarm, run 'coffer swarm join-token manager' and "
         "follow "
         "the instructions.");
    return flags_switch(&c->flags, "autolock") ? swarm_print_unlock_key(c, false, e) : 0;
}

static int run_join(struct cli *c, struct err *e)
{
    const char *listen = flags_string(&c->flags, "listen-addr");
    const char *advertise = flags_string(&c->flags, "advertise-addr");
    const char *availability = flags_string(&c->flags, "availability");
    const char *token = flags_string(&c->flags, "token");
    const char *data_path = flags_string(&c->flags, "data-path-addr");
    cleanup_json json_t *info = NULL;
    cleanup_json json_t *body =
        json_pack("{s:s, s:s, s:s, s:[s], s:s, s:s}", "ListenAddr",
                  listen ? listen : "0.0.0.0:2377", "AdvertiseAddr",
                  advertise ? advertise : "", "DataPathAddr", data_path ? data_path : "",
                  "RemoteAddrs", c->argv[0], "JoinToken", token ? token : "",
                  "Availability", availability ? availability : "");
    int r =
        body ? client_post(c->client, "/swarm/join", body, NULL, e) : err_no_memory(e);
    if (!r)
        r = client_get(c->client, "/info", &info, e);
    if (!r)
        printf("This node joined a swarm as a %s.\n",
               field_bool(info, "Swarm.ControlAvailable") ? "manager" : "worker");
    return r;
}

static int run_leave(struct cli *c, struct err *e)
{
    const char *path =
        flags_switch(&c->flags, "force") ? "/swarm/leave?force=1" : "/swarm/leave";
    int r = client_call(c->client, "POST", path, NULL, NULL, e);
    if (!r)
        puts("Node left the swarm.");
    return r;
}

static int run_update(struct cli *c, struct err *e)
{
    if (!c->flags.len) {
        help_command(stdout, c->group, c->command);
        return 0;
    }
    int r = update(c, "", e);
    if (r)
        return r;
    puts("Swarm updated.");
    return flags_switch(&c->flags, "autolock") ? swarm_print_unlock_key(c, false, e) : 0;
}

/* ---- the table ---- */

#define SPEC_FLAGS                                                                       \
    {"autolock", 0,   &flag_switch, "Change manager autolocking setting (true|false)",   \
     NULL,       NULL},                                                                  \
        {"cert-expiry",  0,                                                              \
         &flag_duration, "Validity period for node certificates (ns|us|ms|s|m|h)",       \
         "2160h0m0s",    NULL},                                                          \
        {"dispatcher-heartbeat",                                                         \
         0,                                                                              \
         &flag_duration,                                                                 \
         "Dispatcher heartbeat period (ns|us|ms|s|m|h)",                                 \
         "5s",                                                                           \
         NULL},                                                                          \
        {"external-ca", 0,                                                               \
         &flag_string,  "",                                                              \
         NULL,          "external certificate authorities are not supported"},           \
        {"max-snapshots",                                                                \
         0,                                                                              \
         &flag_uint,                                                                     \
         "Number of additional Raft snapshots to retain",                                \
         NULL,                                                                           \
         NULL},                                                                          \
        {"snapshot-interval",                                                            \
         0,                                                                              \
         &flag_uint,                                                                     \
         "Number of log entries between Raft snapshots",                                 \
         "10000",                                                                        \
         NULL},                                                                          \
    {                                                                                    \
        "task-history-limit", 0, &flag_int, "Task history retention limit", "5", NULL    \
    }

#define FLAG_ADVERTISE                                                                   \
    {                                                                                    \
        "advertise-addr", 0, &flag_string,                                               \
            "Advertised address (format: \"<ip|interface>[:port]\")", NULL, NULL         \
    }
#define FLAG_LISTEN                                                                      \
    {                                                                                    \
        "listen-addr", 0, &flag_string,                                                  \
            "Listen address (format: \"<ip|interface>[:port]\")", "0.0.0.0:2377", NULL   \
    }
#define FLAG_AVAILABILITY                                                                \
    {                                                                                    \
        "availability", 0, &flag_string,                                                 \
            "Availability of the node (\"active\", \"pause\", \"drain\")", "active",     \
            NULL                                                                         \
    }
#define FLAG_DATA_PATH                                                                   \
    {                                                                                    \
        "data-path-addr", 0, &flag_string,                                               \
            "Address or interface to use for data path traffic (format: "                \
            "\"<ip|interface>\")",                                                       \
            NULL, NULL                                                                   \
    }
#define FLAG_ROTATE(help)                                                                \
    {                                                                                    \
        "rotate", 0, &flag_switch, help, NULL, NULL                                      \
    }
#define FLAG_QUIET_TOKEN                                                                 \
    {                                                                                    \
        "quiet", 'q', &flag_switch, "Only display token", NULL, NULL                     \
    }

static const struct flag init_flags[] = {
    FLAG_ADVERTISE,
    FLAG_AVAILABILITY,
    SPEC_FLAGS,
    FLAG_DATA_PATH,
    {"data-path-port", 0, &flag_uint, "Port number to use for data path traffic", NULL,
     NULL},
    {"default-addr-pool", 0, &flag_string, "", NULL,
     "address pools for overlay networks are not supported"},
    {"default-addr-pool-mask-length", 0, &flag_uint, "", NULL,
     "address pools for overlay networks are not supported"},
    {"force-new-cluster", 0, &flag_switch,
     "Force create a new cluster from current state", NULL, NULL},
    FLAG_LISTEN,
    {0},
};
static const struct flag join_flags[] = {
    FLAG_ADVERTISE,
    FLAG_AVAILABILITY,
    FLAG_DATA_PATH,
    FLAG_LISTEN,
    {"token", 0, &flag_string, "Token for entry into the swarm", NULL, NULL},
    {0},
};
static const struct flag token_flags[] = {
    FLAG_QUIET_TOKEN, FLAG_ROTATE("Rotate join token"), {0}};
static const struct flag key_flags[] = {
    FLAG_QUIET_TOKEN, FLAG_ROTATE("Rotate unlock key"), {0}};
static const struct flag leave_flags[] = {
    {"force", 'f', &flag_switch, "Force this node to leave the swarm, ignoring warnings",
     NULL, NULL},
    {0},
};
static const struct flag update_flags[] = {SPEC_FLAGS, {0}};

const struct command swarm_commands[] = {
    {"ca", NULL, "[OPTIONS]", "Display and rotate the root CA", 0, 0, false,
     TAKES_NOTHING, swarm_ca_flags, swarm_run_ca},
    {"init", NULL, "[OPTIONS]", "Initialize a swarm", 0, 0, false, TAKES_NOTHING,
     init_flags, run_init},
    {"join", NULL, "[OPTIONS] HOST:PORT", "Join a swarm as a node and/or manager", 1, 1,
     false, TAKES_NOTHING, join_flags, run_join},
    {"join-token", NULL, "[OPTIONS] (worker|manager)", "Manage join tokens", 1, 1, false,
     TAKES_ROLES, token_flags, run_join_token},
    {"leave", NULL, "[OPTIONS]", "Leave the swarm", 0, 0, false, TAKES_NOTHING,
     leave_flags, run_leave},
    {"rotate-key", NULL, "", "Rotate the key that seals what is stored", 0, 0, false,
     TAKES_NOTHING, NULL, run_rotate_key},
    {"unlock", NULL, "", "Unlock swarm", 0, 0, false, TAKES_NOTHING, NULL,
     swarm_run_unlock},
    {"unlock-key", NULL, "[OPTIONS]", "Manage the unlock key", 0, 0, false, TAKES_NOTHING,
     key_flags, swarm_run_unlock_key},
    {"update", NULL, "[OPTIONS]", "Update the swarm", 0, 0, false, TAKES_NOTHING,
     update_flags, run_update},
    {0},
};
