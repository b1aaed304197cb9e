/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/service.h"
#include "cli/tasks.h"

/* `service ls`, and the order of services in it. */

static const char *const headers[] = {
    "ID",       "ID",    "Name",  "NAME",  "Mode",  "MODE", "Replicas",
    "REPLICAS", "Image", "IMAGE", "Ports", "PORTS", NULL,
};
static const struct listing list = {
    "{{.ID}}\t{{.Name}}\t{{.Mode}}\t{{.Replicas}}\t{{.Image}}\t{{.Ports}}", headers};

struct mode {
    const char *field; /* below Spec.Mode */
    const char *name;
    bool job;
};

static const struct mode modes[] = {
    {"Replicated", "replicated", false},
    {"Global", "global", false},
    {"ReplicatedJob", "replicated job", true},
    {"GlobalJob", "global job", true},
};

static const struct mode *mode_of(const json_t *service)
{
    const json_t *mode = field_get(service, "Spec.Mode");
    for (size_t i = 1; i < ARRAY_SIZE(modes); i++)
        if (json_object_get(mode, modes[i].field))
            return &modes[i];
    return &modes[0];
}

static json_t *replicas(const json_t *service, const struct mode *mode)
{
    long long running = field_int(service, "ServiceStatus.RunningTasks");
    long long desired = field_int(service, "ServiceStatus.DesiredTasks");
    long long done = field_int(service, "ServiceStatus.CompletedTasks");
    long long most = field_int(service, "Spec.TaskTemplate.Placement.MaxReplicas");
    if (mode->job) {
        long long total = field_int(service, "Spec.Mode.ReplicatedJob.TotalCompletions");
        return json_sprintf("%lld/%lld (%lld/%lld completed)", running, desired, done,
                            total ? total : desired + done);
    }
    if (most > 0)
        return json_sprintf("%lld/%lld (max %lld per node)", running, desired, most);
    return json_sprintf("%lld/%lld", running, desired);
}

static json_t *ports(const json_t *service)
{
    cleanup_buf struct buf text = BUF_INIT;
    const json_t *all = field_get(service, "Endpoint.Ports");
    int r = 0;
    for (size_t i = 0; i < json_array_size(all) && !r; i++) {
        const json_t *port = json_array_get(all, i);
        if (!str_equal(field_string(port, "PublishMode"), "ingress"))
            continue;
        r = buf_printf(&text, "%s*:%lld->%lld/%s", text.len ? ", " : "",
                       (long long)field_int(port, "PublishedPort"),
                       (long long)field_int(port, "TargetPort"),
                       field_string(port, "Protocol"));
    }
    return r ? NULL : json_string(buf_str(&text));
}

static json_t *make_row(const json_t *service)
{
    const struct mode *mode = mode_of(service);
    const char *id = field_string(service, "ID");
    const char *image = field_string(service, "Spec.TaskTemplate.ContainerSpec.Image");
    return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o}", "ID",
                     json_stringn(id, strnlen(id, TASKS_SHORT_ID)), "Name",
                     field_string(service, "Spec.Name"), "Mode", mode->name, "Replicas",
                     replicas(service, mode), "Image", tasks_short_image(image), "Ports",
                     ports(service));
}

static int by_name(const void *a, const void *b)
{
    const json_t *const *x = a, *const *y = b;
    return strverscmp(field_string(*x, "Spec.Name"), field_string(*y, "Spec.Name"));
}

int service_run_ls(struct cli *c, struct err *e)
{
    cleanup_buf struct buf path = BUF_INIT;
    cleanup_json json_t *services = NULL, *rows = json_array();
    if (buf_append_str(&path, "/services?status=true") ||
        output_filters(&path, '&', &c->flags, NULL))
        return err_no_memory(e);
    int r = client_get(c->client, buf_str(&path), &services, e);
    if (!r)
        r = output_sort(services, by_name, e);
    for (size_t i = 0; i < json_array_size(services) && !r; i++)
        r = output_add_row(rows, make_row(json_array_get(services, i)), e);
    return r ? r : output_list(c, &list, rows, e);
}
