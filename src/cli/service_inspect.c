/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/service.h"

#include "base/str.h"

static int fetch(struct cli *c, const char *name, json_t **out, struct err *e)
{
    int r = service_fetch(c, name, true, out, e);
    return r == ERR_NOT_FOUND ? err_set(e, r, "Error: no such service: %s", name) : r;
}

/* In the pretty form a point of time is told as how long ago it was. */
static int prepare(struct cli *c, json_t *service, struct err *e)
{
    static const char *const points[] = {"UpdateStatus.StartedAt",
                                         "UpdateStatus.CompletedAt"};
    for (size_t i = 0; i < ARRAY_SIZE(points); i++)
        if (field_has(service, points[i]) &&
            field_set(service, points[i], output_ago(service, points[i])))
            return err_no_memory(e);
    return 0;
}

/* The parts of the pretty form; each begins with the end of the line before. */

#define GENERAL                                                                          \
    "ID:\t\t{{.ID}}\nName:\t\t{{.Spec.Name}}"                                            \
    "{{- if .Spec.Labels}}\nLabels:{{range $k, $v := .Spec.Labels}}\n"                   \
    " {{$k}}{{if $v}}={{$v}}{{end}}{{end}}{{end}}\n"                                     \
    "Service Mode:"                                                                      \
    "{{if .Spec.Mode.Replicated}}\tReplicated\n "                                        \
    "Replicas:\t{{.Spec.Mode.Replicated.Replicas}}"                                      \
    "{{- else if .Spec.Mode.ReplicatedJob}}\tReplicated Job"                             \
    "{{- else if eq (json .Spec.Mode.GlobalJob) \"{}\"}}\tGlobal "                       \
    "Job{{else}}\tGlobal{{end}}"

#define UPDATE_STATUS                                                                    \
    "{{- with .UpdateStatus}}\nUpdateStatus:\n State:\t\t{{.State}}"                     \
    "{{- with .StartedAt}}\n Started:\t{{.}}{{end}}"                                     \
    "{{- with .CompletedAt}}\n Completed:\t{{.}}{{end}}\n Message:\t{{.Message}}{{end}}"

#define PLACEMENT                                                                        \
    "\nPlacement:{{with .Spec.TaskTemplate.Placement}}"                                  \
    "{{- with .Constraints}}\n Constraints:\t[{{join . \" \"}}]{{end}}"                  \
    "{{- with .Preferences}}\n Preferences:\t[{{range $i, $p := .}}{{if $i}}; {{end}}"   \
    "spread={{$p.Spread.SpreadDescriptor}}{{end}}]{{end}}"                               \
    "{{- with .MaxReplicas}}\n Max Replicas Per Node:\t{{.}}{{end}}{{end}}"

#define UPDATE_POLICY                                                                    \
    "{{- with .Spec.UpdateConfig}}\nUpdateConfig:\n Parallelism:\t{{.Parallelism}}"      \
    "{{- with .Delay}}\n Delay:\t\t{{duration .}}{{end}}\n On failure:\t{{.FailureAct"   \
    "ion}}\n Monitoring Period: {{duration .Monitor}}\n Max failure ratio: {{.MaxFailur" \
    "eRatio}}\n Update order:      {{.Order}}{{end}}"                                    \
    "{{- with .Spec.RollbackConfig}}\nRollbackConfig:\n Parallelism:\t{{.Parallelism}}"  \
    "{{- with .Delay}}\n Delay:\t\t{{duration .}}{{end}}\n On failure:\t{{.FailureAct"   \
    "ion}}\n Monitoring Period: {{duration .Monitor}}\n Max failure ratio: {{.MaxFailur" \
    "eRatio}}\n Rollback order:    {{.Order}}{{end}}"

#define CONTAINER                                                                        \
    "{{- $task := .Spec.TaskTemplate}}{{with $task.ContainerSpec}}"                      \
    "\nContainerSpec:\n Image:\t\t{{.Image}}"                                            \
    "{{- with .Args}}\n Args:\t\t{{range .}}{{.}} {{end}}{{end}}"                        \
    "{{- with .Env}}\n Env:\t\t{{range .}}{{.}} {{end}}{{end}}"                          \
    "{{- with .Dir}}\n Dir:\t\t{{.}}{{end}}"                                             \
    "\n Init:\t\t{{if .Init}}true{{else}}false{{end}}"                                   \
    "{{- with .User}}\n User: {{.}}{{end}}"                                              \
    "{{- if or .CapabilityAdd .CapabilityDrop}}\nCapabilities:"                          \
    "{{- with .CapabilityAdd}}\n Add: {{join . \", \"}}{{end}}"                          \
    "{{- with .CapabilityDrop}}\n Drop: {{join . \", \"}}{{end}}{{end}}"                 \
    "{{- with .Sysctls}}\nSysCtls:{{range $k, $v := .}}\n {{$k}}{{if $v}}: {{$v}}"       \
    "{{end}}{{end}}{{end}}"                                                              \
    "{{- with .Ulimits}}\nUlimits:{{range .}}\n {{.Name}}: {{.Soft}}:{{.Hard}}"          \
    "{{end}}{{end}}"

#define FILES                                                                            \
    "{{- with .Mounts}}\nMounts:{{range .}}\n Target:\t{{.Target}}"                      \
    "\n  Source:\t{{with .Source}}{{.}}{{end}}\n  ReadOnly:\t{{if .ReadOnly}}true"       \
    "{{else}}false{{end}}\n  Type:\t\t{{.Type}}{{end}}{{end}}"                           \
    "{{- with .Configs}}\nConfigs:{{range .}}\n Target:\t{{.File.Name}}"                 \
    "\n  Source:\t{{.ConfigName}}{{end}}{{end}}"                                         \
    "{{- with .Secrets}}\nSecrets:{{range .}}\n Target:\t{{.File.Name}}"                 \
    "\n  Source:\t{{.SecretName}}{{end}}{{end}}"                                         \
    "{{- with $task.LogDriver}}\nLog Driver:\n Name:\t\t{{.Name}}"                       \
    "{{- with .Options}}\n LogOpts:{{range $k, $v := .}}\n  {{$k}}:"                     \
    "{{if $v}}       {{$v}}{{end}}{{end}}\n{{end}}{{end}}{{end}}"

#define RESOURCES                                                                        \
    "\nResources:{{with $task.Resources}}"                                               \
    "{{- with .Reservations}}\n Reservations:"                                           \
    "{{- with .NanoCPUs}}\n  CPU:\t\t{{cpus .}}{{end}}"                                  \
    "{{- with .MemoryBytes}}\n  Memory:\t{{size .}}{{end}}{{end}}"                       \
    "{{- with .Limits}}\n Limits:"                                                       \
    "{{- with .NanoCPUs}}\n  CPU:\t\t{{cpus .}}{{end}}"                                  \
    "{{- with .MemoryBytes}}\n  Memory:\t{{size .}}{{end}}"                              \
    "{{- with .Pids}}\n  PIDs:\t\t{{.}}{{end}}{{end}}{{end}}"

#define ENDPOINT                                                                         \
    "{{- with $task.Networks}}\nNetworks:{{range .}} {{.Target}}{{end}}{{end}}"          \
    "{{- with .Spec.EndpointSpec}}\nEndpoint Mode:\t{{.Mode}}{{end}}"                    \
    "{{- with .Endpoint.Ports}}\nPorts:{{range .}}\n PublishedPort = {{.PublishedPort}}" \
    "\n  Protocol = {{.Protocol}}\n  TargetPort = {{.TargetPort}}"                       \
    "\n  PublishMode = {{.PublishMode}}{{end}}{{end}}"                                   \
    "{{- with $task.ContainerSpec.Healthcheck}}\n Healthcheck:"                          \
    "\n  Interval = {{duration .Interval}}\n  Retries = {{with .Retries}}{{.}}"          \
    "{{else}}0{{end}}\n  StartPeriod =\t{{duration .StartPeriod}}"                       \
    "\n  Timeout =\t{{duration .Timeout}}"                                               \
    "{{- with .Test}}\n  Tests:{{range .}}\n\t Test = {{.}}{{end}}{{end}}{{end}}"

static const struct inspection inspection = {
    .fetch = fetch,
    .prepare = prepare,
    .before = "\n",
    .pretty =
        GENERAL UPDATE_STATUS PLACEMENT UPDATE_POLICY CONTAINER FILES RESOURCES ENDPOINT
    "\n",
};

int service_run_inspect(struct cli *c, struct err *e)
{
    return output_inspect(c, &inspection, e);
}
