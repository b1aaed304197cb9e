/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/str.h"
#include "cli/service.h"
#include "cli/service_image.h"
#include "cli/service_spec.h"
#include "cli/service_wait.h"
#include "cli/values.h"

/* What a spec has at least. */
static json_t *empty_spec(const struct cli *c)
{
    const char *name = flags_string(&c->flags, "name");
    return json_pack(
        "{s:s, s:{}, s:{s:{s:s, s:b, s:{}}, s:{s:{}, s:{}}, s:{}, s:i}, s:{}, "
        "s:{s:s}}",
        "Name", name ? name : "", "Labels", "TaskTemplate", "ContainerSpec", "Image",
        c->argv[0], "Init", 0, "DNSConfig", "Resources", "Limits", "Reservations",
        "Placement", "ForceUpdate", 0, "Mode", "EndpointSpec", "Mode", "vip");
}

static int apply_mode(json_t *spec, const struct flags *f, struct err *e)
{
    static const char *const modes[][2] = {{"replicated", "Mode.Replicated"},
                                           {"global", "Mode.Global"},
                                           {"replicated-job", "Mode.ReplicatedJob"},
                                           {"global-job", "Mode.GlobalJob"}};
    const char *asked = flags_string(f, "mode"), *path = NULL;
    const char *replicas = flags_string(f, "replicas");
    uint64_t n = 0;
    asked = asked ? asked : "replicated";
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
        if (str_equal(asked, modes[i][0]))
            path = modes[i][1];
    if (!path)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "Unknown mode: %s, only replicated and global supported", asked);
    if (!field_object(spec, path))
        return err_no_memory(e);
    if (!replicas)
        return 0;
    if (!str_starts_with(asked, "replicated"))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "replicas can only be used with replicated "
                       "or replicated-job mode");
    int r = value_uint(replicas, &n, e);
    if (r)
        return r;
    path = str_equal(asked, "replicated") ? "Mode.Replicated.Replicas"
                                          : "Mode.ReplicatedJob.TotalCompletions";
    return field_set_int(spec, path, (int64_t)n) ? err_no_memory(e) : 0;
}

static int apply_command(json_t *spec, const struct cli *c, struct err *e)
{
    if (c->argc < 2)
        return 0;
    json_t *args = field_array(spec, SPEC_CONTAINER ".Args");
    for (int i = 1; i < c->argc; i++)
        if (json_array_append_new(args, json_string(c->argv[i])))
            return err_no_memory(e);
    return 0;
}

static int make_spec(struct cli *c, json_t *spec, bool *unpinned, struct err *e)
{
    const struct flags *f = &c->flags;
    int r = apply_command(spec, c, e);
    if (!r)
        r = apply_mode(spec, f, e);
    if (!r)
        r = spec_apply_environment(spec, f, e);
    if (!r)
        r = spec_apply_flags(spec, f, c->client, e);
    if (!r)
        r = service_pin_image(spec, c->client, !flags_switch(f, "no-resolve-image"),
                              unpinned, e);
    return r;
}

int service_run_create(struct cli *c, struct err *e)
{
    cleanup_json json_t *spec = empty_spec(c), *answer = NULL;
    bool unpinned = false;
    int r = spec ? make_spec(c, spec, &unpinned, e) : err_no_memory(e);
    if (!r)
        r = client_post(c->client, "/services/create", spec, &answer, e);
    if (r)
        return r;
    service_print_warnings(answer);
    if (unpinned)
        service_warn_unpinned(spec);
    printf("%s\n", field_string(answer, "ID"));
    return service_wait(c, field_string(answer, "ID"), e);
}
