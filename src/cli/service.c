/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/service.h"

#include "base/mem.h"
#include "base/str.h"
#include "cli/tasks.h"

int service_fetch(struct cli *c, const char *name, bool with_defaults, json_t **out,
                  struct err *e)
{
    cleanup_buf struct buf path = BUF_INIT;
    if (path_printf(&path, "/services/%s?insertDefaults=%s", name,
                    with_defaults ? "true" : "false"))
        return err_no_memory(e);
    return client_get(c->client, buf_str(&path), out, e);
}

static int run_rm(struct cli *c, struct err *e)
{
    return output_remove(c, "/services", e);
}

/* ---- ps ---- */

/* Adds the id that a name means to the pairs of a filter: an id, a whole name or a unique
 * beginning of an id. */
static int find(struct cli *c, const char *name, char **id, struct err *e)
{
    cleanup_json json_t *service = NULL;
    int r = service_fetch(c, name, false, &service, e);
    if (r == ERR_NOT_FOUND)
        return err_set(e, r, "no such service: %s", name);
    if (r)
        return r;
    *id = strdup(field_string(service, "ID"));
    return *id ? 0 : err_no_memory(e);
}

static int ask_tasks(struct cli *c, const char *const *pairs, json_t **tasks,
                     struct err *e)
{
    cleanup_buf struct buf path = BUF_INIT;
    if (buf_append_str(&path, "/tasks") || output_filters(&path, '?', &c->flags, pairs))
        return err_no_memory(e);
    return client_get(c->client, buf_str(&path), tasks, e);
}

static int run_ps(struct cli *c, struct err *e)
{
    cleanup_json json_t *tasks = NULL;
    cleanup_free char **pairs = calloc((size_t)c->argc * 2 + 1, sizeof(*pairs));
    size_t n = 0;
    int r = pairs ? 0 : err_no_memory(e);
    for (int i = 0; i < c->argc && !r; i++) {
        struct err why = {0};
        char *id = NULL;
        if (find(c, c->argv[i], &id, &why)) {
            output_failure(c, &why);
            continue;
        }
        pairs[n++] = (char *)(uintptr_t) "service";
        pairs[n++] = id;
    }
    if (!r && n)
        r = ask_tasks(c, (const char *const *)pairs, &tasks, e);
    for (size_t i = 1; i < n; i += 2)
        free(pairs[i]);
    return r || !n ? r : tasks_print(c, tasks, e);
}

/* ---- the table ---- */

static const struct flag ls_flags[] = {FLAG_FILTER, FLAG_FORMAT, FLAG_QUIET, {0}};
static const struct flag inspect_flags[] = {FLAG_FORMAT_INSPECT, FLAG_PRETTY, {0}};

static const struct flag wait_flags[] = {
    {"detach", 'd', &flag_switch,
     "Exit immediately instead of waiting for the service to converge", NULL, NULL},
    {0},
};
static const struct flag rollback_flags[] = {
    {"detach", 'd', &flag_switch,
     "Exit immediately instead of waiting for the service to converge", NULL, NULL},
    {"quiet", 'q', &flag_switch, "Suppress progress output", NULL, NULL},
    {0},
};
static const struct flag logs_flags[] = {
    {"details", 0, &flag_switch, "Show extra details provided to logs", NULL, NULL},
    {"follow", 'f', &flag_switch, "Follow log output", NULL, NULL},
    {"no-resolve", 0, &flag_switch, "Do not map IDs to Names in output", NULL, NULL},
    {"no-task-ids", 0, &flag_switch, "Do not include task IDs in output", NULL, NULL},
    {"no-trunc", 0, &flag_switch, "Do not truncate output", NULL, NULL},
    {"raw", 0, &flag_switch, "Do not neatly format logs", NULL, NULL},
    {"since", 0, &flag_string,
     "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. "
     "\"42m\" for 42 minutes)",
     NULL, NULL},
    {"tail", 'n', &flag_string, "Number of lines to show from the end of the logs", "all",
     NULL},
    {"timestamps", 't', &flag_switch, "Show timestamps", NULL, NULL},
    {0},
};

const struct command service_commands[] = {
    {"create", NULL, "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create a new service", 1, -1,
     true, TAKES_NOTHING, service_create_flags, service_run_create},
    {"inspect", NULL, "[OPTIONS] SERVICE [SERVICE...]",
     "Display detailed information on one or more services", 1, -1, false, TAKES_SERVICES,
     inspect_flags, service_run_inspect},
    {"logs", NULL, "[OPTIONS] SERVICE|TASK", "Fetch the logs of a service or task", 1, 1,
     false, TAKES_SERVICES, logs_flags, service_run_logs},
    {"ls", "list", "[OPTIONS]", "List services", 0, 0, false, TAKES_NOTHING, ls_flags,
     service_run_ls},
    {"ps", NULL, "[OPTIONS] SERVICE [SERVICE...]",
     "List the tasks of one or more services", 1, -1, false, TAKES_SERVICES, tasks_flags,
     run_ps},
    {"rm", "remove", "SERVICE [SERVICE...]", "Remove one or more services", 1, -1, false,
     TAKES_SERVICES, NULL, run_rm},
    {"rollback", NULL, "[OPTIONS] SERVICE", "Revert changes to a service's configuration",
     1, 1, false, TAKES_SERVICES, rollback_flags, service_run_rollback},
    {"scale", NULL, "SERVICE=REPLICAS [SERVICE=REPLICAS...]",
     "Scale one or multiple replicated services", 1, -1, false, TAKES_SERVICES,
     wait_flags, service_run_scale},
    {"update", NULL, "[OPTIONS] SERVICE", "Update a service", 1, 1, false, TAKES_SERVICES,
     service_update_flags, service_run_update},
    {0},
};
