/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/system.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/stream.h"
#include "cli/times.h"

const struct flag system_info_flags[] = {FLAG_FORMAT_INSPECT, {0}};

/* Prints a value by --format, or by the template for people. */
static int print(struct cli *c, json_t *value, const char *pretty, struct err *e)
{
    const char *format = flags_string(&c->flags, "format");
    if (str_is_empty(format))
        return output_template(pretty, value, "\n", e);
    return output_template(str_equal(format, "json") ? "{{json .}}" : format, value, "\n",
                           e);
}

/* ---- info ---- */

static const char info_text[] =
    "Client:\n Version:    {{.ClientInfo.Version}}\n"
    "\nServer:\n Containers: {{.Containers}}\n  Running: {{.ContainersRunning}}\n"
    "  Paused: {{.ContainersPaused}}\n  Stopped: {{.ContainersStopped}}\n"
    " Images: {{.Images}}\n Server Version: {{.ServerVersion}}\n"
    " Storage Driver: {{.Driver}}\n Cgroup Driver: {{.CgroupDriver}}\n"
    " Cgroup Version: {{.CgroupVersion}}\n"
    " Swarm: {{.Swarm.LocalNodeState}}"
    "{{with .Swarm.Error}}\n  Error: {{.}}{{end}}"
    "{{if eq .Swarm.LocalNodeState \"active\"}}\n  NodeID: {{.Swarm.NodeID}}\n"
    "  Is Manager: {{.Swarm.ControlAvailable}}"
    "{{with .Swarm.Cluster}}\n  ClusterID: {{.ID}}{{end}}"
    "{{with .Swarm.Managers}}\n  Managers: {{.}}{{end}}"
    "{{with .Swarm.Nodes}}\n  Nodes: {{.}}{{end}}"
    "{{with .Swarm.Cluster}}"
    "{{with .Spec.Orchestration}}\n  Orchestration:\n"
    "   Task History Retention Limit: {{.TaskHistoryRetentionLimit}}{{end}}"
    "{{with .Spec.Dispatcher}}\n  Dispatcher:\n"
    "   Heartbeat Period: {{duration .HeartbeatPeriod}}{{end}}"
    "{{with .Spec.CAConfig}}\n  CA Configuration:\n"
    "   Expiry Duration: {{duration .NodeCertExpiry}}{{end}}"
    "\n  Autolock Managers: {{.Spec.EncryptionConfig.AutoLockManagers}}{{end}}"
    "\n  Node Address: {{.Swarm.NodeAddr}}"
    "{{with .Swarm.RemoteManagers}}\n  Manager Addresses:{{range .}}\n   {{.Addr}}{{end}}"
    "{{end}}{{end}}\n"
    " Kernel Version: {{.KernelVersion}}\n Operating System: {{.OperatingSystem}}\n"
    " OSType: {{.OSType}}\n Architecture: {{.Architecture}}\n CPUs: {{.NCPU}}\n"
    " Total Memory: {{size .MemTotal}}\n Name: {{.Name}}"
    "{{range .Warnings}}\nWARNING: {{.}}{{end}}";

int system_run_info(struct cli *c, struct err *e)
{
    cleanup_json json_t *info = NULL;
    int r = client_get(c->client, "/info", &info, e);
    if (!r && field_set_string(info, "ClientInfo.Version", COFFER_VERSION))
        r = err_no_memory(e);
    return r ? r : print(c, info, info_text, e);
}

/* ---- version ---- */

static const char version_text[] =
    "Client:\n Version:           {{.Client.Version}}\n"
    " API version:       {{.Client.ApiVersion}}\n"
    "{{with .Server}}\nServer:{{range $i, $c := .Components}}\n {{.Name}}:\n"
    "  Version:          {{index (split .Version \"\n\") 0}}"
    "{{with .Details}}"
    "{{with .ApiVersion}}\n  API version:      {{.}}"
    "{{with $c.Details.MinAPIVersion}} (minimum version {{.}}){{end}}{{end}}"
    "{{with .GitCommit}}\n  Git commit:       {{.}}{{end}}"
    "{{with .Os}}\n  OS/Arch:          {{.}}{{end}}{{with .Arch}}/{{.}}{{end}}"
    "{{end}}{{else}}\n Version:           {{.Version}}\n API version:       "
    "{{.ApiVersion}}"
    "{{end}}{{end}}";

int system_run_version(struct cli *c, struct err *e)
{
    cleanup_json json_t *server = NULL;
    struct err why = {0};
    int r = client_get(c->client, "/version", &server, &why);
    cleanup_json json_t *all =
        json_pack("{s:{s:s, s:s}, s:O*}", "Client", "Version", COFFER_VERSION,
                  "ApiVersion", CLIENT_API_VERSION, "Server", server);
    if (!all)
        return err_no_memory(e);
    int printed = print(c, all, version_text, e);
    if (printed || !r)
        return printed;
    /* The client's own version is told even when there is no server. */
    output_failure(c, &why);
    return 0;
}

/* ---- events ---- */

const struct flag system_events_flags[] = {
    FLAG_FILTER,
    {"format", 0, &flag_string,
     "Format output using a custom template: 'json', or a Go template", NULL, NULL},
    {"since", 0, &flag_string, "Show all events created since timestamp", NULL, NULL},
    {"until", 0, &flag_string, "Stream events until this timestamp", NULL, NULL},
    {0},
};

static int add_time(struct cli *c, const char *flag, struct buf *path, struct err *e)
{
    char point[TIMES_TEXT_SIZE];
    const char *text = flags_string(&c->flags, flag);
    if (!text)
        return 0;
    int r = times_parse(text, output_now(), point, e);
    if (r)
        return err_wrap(e, r, "invalid value for \"%s\"", flag);
    return path_printf(path, str_equal(flag, "since") ? "&since=%s" : "&until=%s", point)
               ? err_no_memory(e)
               : 0;
}

/* "2026-11-22T01:02:03.000000004Z" in the zone of this machine. */
static void format_time(int64_t t, char out[64])
{
    char date[32], zone[8];
    struct tm tm;
    time_t seconds = (time_t)(t / CLOCK_SECOND);
    localtime_r(&seconds, &tm);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
    strftime(zone, sizeof(zone), "%z", &tm);
    if (tm.tm_gmtoff == 0)
        snprintf(out, 64, "%s.%09lldZ", date, (long long)(t % CLOCK_SECOND));
    else
        snprintf(out, 64, "%s.%09lld%.3s:%s", date, (long long)(t % CLOCK_SECOND), zone,
                 zone + 3);
}

static int print_event(const json_t *event, struct err *e)
{
    char when[64];
    size_t n;
    const json_t *attributes = field_get(event, "Actor.Attributes");
    const char **keys = field_sorted_keys(attributes, &n);
    if (n && !keys)
        return err_no_memory(e);
    format_time(field_int(event, "timeNano"), when);
    printf("%s %s %s %s", when, field_string(event, "Type"),
           field_string(event, "Action"), field_string(event, "Actor.ID"));
    for (size_t i = 0; i < n; i++) {
        const char *value = json_string_value(json_object_get(attributes, keys[i]));
        printf("%s%s=%s", i > 0 ? ", " : " (", keys[i], value ? value : "");
    }
    puts(n ? ")" : "");
    free(keys);
    return 0;
}

static int print_line(struct cli *c, const struct buf *line, struct err *e)
{
    cleanup_json json_t *event = NULL;
    const char *format = flags_string(&c->flags, "format");
    if (!line->len)
        return 0;
    int r = client_decode(line, &event, e);
    if (r)
        return r;
    if (str_is_empty(format))
        return print_event(event, e);
    return output_template(str_equal(format, "json") ? "{{json .}}" : format, event, "\n",
                           e);
}

static int print_events(struct cli *c, struct stream *s, struct err *e)
{
    cleanup_buf struct buf arrived = BUF_INIT, line = BUF_INIT;
    enum stream_news news = STREAM_DATA;
    int r = 0;
    while (!r && news == STREAM_DATA) {
        bool found = true;
        r = stream_read(s, CLOCK_NEVER, &arrived, &news, e);
        while (!r && found) {
            if (stream_take_line(&arrived, &line, &found))
                return err_no_memory(e);
            r = found ? print_line(c, &line, e) : 0;
        }
        fflush(stdout);
    }
    return r;
}

int system_run_events(struct cli *c, struct err *e)
{
    cleanup_buf struct buf path = BUF_INIT;
    struct stream *stream = NULL;
    if (buf_append_str(&path, "/events?") || output_filters(&path, '&', &c->flags, NULL))
        return err_no_memory(e);
    int r = add_time(c, "since", &path, e);
    if (!r)
        r = add_time(c, "until", &path, e);
    if (!r)
        r = stream_open(c->client, buf_str(&path), false, &stream, e);
    if (!r)
        r = print_events(c, stream, e);
    stream_close(stream);
    return r;
}
