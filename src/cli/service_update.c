/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/service.h"
#include "cli/service_image.h"
#include "cli/service_spec.h"
#include "cli/service_wait.h"
#include "cli/values.h"

/* `service update`, `rollback` and `scale`: the spec is fetched, changed and sent back
 * with the version it had. */

static int post_spec(struct cli *c, const json_t *service, const char *more,
                     struct err *e)
{
    char version[32];
    cleanup_buf struct buf path = BUF_INIT;
    cleanup_json json_t *answer = NULL;
    snprintf(version, sizeof(version), "%lld",
             (long long)field_int(service, "Version.Index"));
    if (path_printf(&path, "/services/%s/update?version=%s", field_string(service, "ID"),
                    version) ||
        buf_append_str(&path, more))
        return err_no_memory(e);
    int r = client_post(c->client, buf_str(&path), json_object_get(service, "Spec"),
                        &answer, e);
    if (!r)
        service_print_warnings(answer);
    return r;
}

/* ---- replicas ---- */

static int set_replicas(json_t *spec, uint64_t n, const char *what, struct err *e)
{
    const char *path = NULL;
    if (field_get(spec, "Mode.Replicated"))
        path = "Mode.Replicated.Replicas";
    else if (field_get(spec, "Mode.ReplicatedJob"))
        path = "Mode.ReplicatedJob.TotalCompletions";
    if (!path)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "%s can only be used with replicated or replicated-job mode",
                       what);
    return field_set_int(spec, path, (int64_t)n) ? err_no_memory(e) : 0;
}

/* ---- update ---- */

/* Lists that have become empty are not there. */
static void drop_empty(json_t *object)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, key, value)
    {
        if (json_is_array(value) && !json_array_size(value))
            json_object_del(object, key);
    }
}

static int change_spec(struct cli *c, json_t *spec, bool *unpinned, struct err *e)
{
    const struct flags *f = &c->flags;
    uint64_t n = 0;
    int r = spec_apply_flags(spec, f, c->client, e);
    if (!r && flags_has(f, "replicas"))
        r = value_uint(flags_string(f, "replicas"), &n, e);
    if (!r && flags_has(f, "replicas"))
        r = set_replicas(spec, n, "replicas", e);
    if (!r && flags_has(f, "image"))
        r = service_pin_image(spec, c->client, !flags_switch(f, "no-resolve-image"),
                              unpinned, e);
    if (!r && flags_switch(f, "force") &&
        field_set_int(spec, SPEC_TASK ".ForceUpdate",
                      field_int(spec, SPEC_TASK ".ForceUpdate") + 1))
        r = err_no_memory(e);
    drop_empty(field_get(spec, SPEC_CONTAINER));
    drop_empty(field_get(spec, SPEC_TASK ".Placement"));
    return r;
}

/* A rollback takes no other change with it. */
static int refuse_mixture(const struct flags *f, struct err *e)
{
    static const char *const allowed[] = {"rollback", "detach", "quiet"};
    for (size_t i = 0; i < f->len; i++) {
        const char *name = f->values[i].flag->name;
        bool fine = false;
        for (size_t k = 0; k < ARRAY_SIZE(allowed); k++)
            fine = fine || str_equal(name, allowed[k]);
        if (!fine)
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "other flags may not be combined with --rollback");
    }
    return 0;
}

static int finish(struct cli *c, const json_t *service, struct err *e)
{
    printf("%s\n", c->argv[0]);
    return service_wait(c, field_string(service, "ID"), e);
}

static int roll_back(struct cli *c, struct err *e)
{
    cleanup_json json_t *service = NULL;
    int r = service_fetch(c, c->argv[0], false, &service, e);
    if (!r)
        r = post_spec(c, service, "&rollback=previous", e);
    return r ? r : finish(c, service, e);
}

int service_run_update(struct cli *c, struct err *e)
{
    cleanup_json json_t *service = NULL;
    if (flags_switch(&c->flags, "rollback")) {
        int refused = refuse_mixture(&c->flags, e);
        return refused ? refused : roll_back(c, e);
    }
    bool unpinned = false;
    int r = service_fetch(c, c->argv[0], false, &service, e);
    if (!r)
        r = change_spec(c, field_object(service, "Spec"), &unpinned, e);
    if (!r)
        r = post_spec(c, service, "&registryAuthFrom=spec", e);
    if (!r && unpinned)
        service_warn_unpinned(field_get(service, "Spec"));
    return r ? r : finish(c, service, e);
}

int service_run_rollback(struct cli *c, struct err *e)
{
    return roll_back(c, e);
}

/* ---- scale ---- */

/* "SERVICE=REPLICAS", taken apart: *n is the length of the name. */
static int read_scale(const char *text, size_t *n, uint64_t *replicas, struct err *e)
{
    *n = strcspn(text, "=");
    if (!text[*n])
        return err_set(
            e, ERR_INVALID_ARGUMENT,
            "invalid scale specifier '%s'.\nSee 'coffer service scale --help'.", text);
    struct err why = {0};
    if (value_uint(text + *n + 1, replicas, &why))
        return err_set(e, ERR_INVALID_ARGUMENT, "%.*s: invalid replicas value %s: %s",
                       (int)*n, text, text + *n + 1, err_text(&why));
    return 0;
}

static int scale_one(struct cli *c, const char *text, char **id, struct err *e)
{
    size_t n;
    uint64_t replicas;
    cleanup_json json_t *service = NULL;
    int r = read_scale(text, &n, &replicas, e);
    if (r)
        return r;
    cleanup_free char *name = mem_dup(text, n);
    if (!name)
        return err_no_memory(e);
    r = service_fetch(c, name, false, &service, e);
    if (!r)
        r = set_replicas(field_object(service, "Spec"), replicas, "scale", e);
    if (!r)
        r = post_spec(c, service, "", e);
    if (r)
        return err_wrap(e, r, "%s", name);
    printf("%s scaled to %llu\n", name, (unsigned long long)replicas);
    *id = strdup(field_string(service, "ID"));
    return *id ? 0 : err_no_memory(e);
}

static int check_all(struct cli *c, struct err *e)
{
    int r = 0;
    for (int i = 0; i < c->argc && !r; i++) {
        size_t n;
        uint64_t replicas;
        r = read_scale(c->argv[i], &n, &replicas, e);
    }
    return r;
}

int service_run_scale(struct cli *c, struct err *e)
{
    cleanup_free char **ids = calloc((size_t)c->argc, sizeof(*ids));
    int r = ids ? check_all(c, e) : err_no_memory(e);
    for (int i = 0; i < c->argc && !r; i++) {
        struct err why = {0};
        if (scale_one(c, c->argv[i], &ids[i], &why))
            output_failure(c, &why);
    }
    for (int i = 0; i < c->argc && ids; i++) {
        if (ids[i] && !r)
            r = service_wait(c, ids[i], e);
        free(ids[i]);
    }
    return r;
}
