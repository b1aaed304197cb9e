/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/str.h"
#include "cli/service_spec.h"
#include "cli/split.h"
#include "cli/values.h"

enum kind {
    TEXT,
    SWITCH,
    NUMBER,
    RATIO,
    DURATION,
    CPUS,
    BYTES,
    WORDS
};

static const struct rule {
    const char *flag;
    enum kind kind;
    const char *path;
} rules[] = {
    {"args", WORDS, SPEC_CONTAINER ".Args"},
    {"endpoint-mode", TEXT, "EndpointSpec.Mode"},
    {"entrypoint", WORDS, SPEC_CONTAINER ".Command"},
    {"health-interval", DURATION, SPEC_CONTAINER ".Healthcheck.Interval"},
    {"health-retries", NUMBER, SPEC_CONTAINER ".Healthcheck.Retries"},
    {"health-start-period", DURATION, SPEC_CONTAINER ".Healthcheck.StartPeriod"},
    {"health-timeout", DURATION, SPEC_CONTAINER ".Healthcheck.Timeout"},
    {"hostname", TEXT, SPEC_CONTAINER ".Hostname"},
    {"image", TEXT, SPEC_CONTAINER ".Image"},
    {"init", SWITCH, SPEC_CONTAINER ".Init"},
    {"isolation", TEXT, SPEC_CONTAINER ".Isolation"},
    {"limit-cpu", CPUS, SPEC_TASK ".Resources.Limits.NanoCPUs"},
    {"limit-memory", BYTES, SPEC_TASK ".Resources.Limits.MemoryBytes"},
    {"limit-pids", NUMBER, SPEC_TASK ".Resources.Limits.Pids"},
    {"log-driver", TEXT, SPEC_TASK ".LogDriver.Name"},
    {"read-only", SWITCH, SPEC_CONTAINER ".ReadOnly"},
    {"replicas-max-per-node", NUMBER, SPEC_TASK ".Placement.MaxReplicas"},
    {"reserve-cpu", CPUS, SPEC_TASK ".Resources.Reservations.NanoCPUs"},
    {"reserve-memory", BYTES, SPEC_TASK ".Resources.Reservations.MemoryBytes"},
    {"restart-condition", TEXT, SPEC_TASK ".RestartPolicy.Condition"},
    {"restart-delay", DURATION, SPEC_TASK ".RestartPolicy.Delay"},
    {"restart-max-attempts", NUMBER, SPEC_TASK ".RestartPolicy.MaxAttempts"},
    {"restart-window", DURATION, SPEC_TASK ".RestartPolicy.Window"},
    {"rollback-delay", DURATION, "RollbackConfig.Delay"},
    {"rollback-failure-action", TEXT, "RollbackConfig.FailureAction"},
    {"rollback-max-failure-ratio", RATIO, "RollbackConfig.MaxFailureRatio"},
    {"rollback-monitor", DURATION, "RollbackConfig.Monitor"},
    {"rollback-order", TEXT, "RollbackConfig.Order"},
    {"rollback-parallelism", NUMBER, "RollbackConfig.Parallelism"},
    {"stop-grace-period", DURATION, SPEC_CONTAINER ".StopGracePeriod"},
    {"stop-signal", TEXT, SPEC_CONTAINER ".StopSignal"},
    {"tty", SWITCH, SPEC_CONTAINER ".TTY"},
    {"update-delay", DURATION, "UpdateConfig.Delay"},
    {"update-failure-action", TEXT, "UpdateConfig.FailureAction"},
    {"update-max-failure-ratio", RATIO, "UpdateConfig.MaxFailureRatio"},
    {"update-monitor", DURATION, "UpdateConfig.Monitor"},
    {"update-order", TEXT, "UpdateConfig.Order"},
    {"update-parallelism", NUMBER, "UpdateConfig.Parallelism"},
    {"user", TEXT, SPEC_CONTAINER ".User"},
    {"workdir", TEXT, SPEC_CONTAINER ".Dir"},
};

static int words_value(const char *text, json_t **out, struct err *e)
{
    json_t *words = json_array();
    int r = words ? split_words(text, words, e) : err_no_memory(e);
    if (r)
        json_decref(words);
    else
        *out = words;
    return r;
}

static int integer_value(enum kind kind, const char *text, json_t **out, struct err *e)
{
    int64_t n = 0;
    int r = kind == DURATION ? value_duration(text, &n, e)
            : kind == CPUS   ? value_cpus(text, &n, e)
            : kind == BYTES  ? value_bytes(text, &n, e)
                             : value_int(text, &n, e);
    if (!r)
        *out = json_integer(n);
    return r;
}

/* The value of a flag as JSON; NULL in *out when there is no memory. */
static int make_value(enum kind kind, const char *text, json_t **out, struct err *e)
{
    bool on = false;
    double ratio = 0;
    int r = 0;
    switch (kind) {
    case TEXT:
        *out = json_string(text);
        return 0;
    case SWITCH:
        r = value_bool(text, &on, e);
        *out = r ? NULL : json_boolean(on);
        return r;
    case RATIO:
        r = value_float(text, &ratio, e);
        *out = r ? NULL : json_real(ratio);
        return r;
    case WORDS:
        return words_value(text, out, e);
    default:
        return integer_value(kind, text, out, e);
    }
}

/* ---- policies, which are whole or absent ---- */

static json_t *restart_default(void)
{
    return json_pack("{s:s, s:I}", "Condition", "any", "Delay",
                     (json_int_t)(5 * CLOCK_SECOND));
}

static json_t *update_default(void)
{
    return json_pack("{s:i, s:s, s:I, s:i, s:s}", "Parallelism", 1, "FailureAction",
                     "pause", "Monitor", (json_int_t)(5 * CLOCK_SECOND),
                     "MaxFailureRatio", 0, "Order", "stop-first");
}

static const struct policy {
    const char *flags; /* the beginning of their names */
    const char *path;
    json_t *(*fallback)(void);
} policies[] = {
    {"restart-", SPEC_TASK ".RestartPolicy", restart_default},
    {"update-", "UpdateConfig", update_default},
    {"rollback-", "RollbackConfig", update_default},
};

static int make_policies(json_t *spec, const struct flags *f, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
        if (flags_has_prefix(f, policies[i].flags) &&
            !field_has(spec, policies[i].path) &&
            field_set(spec, policies[i].path, policies[i].fallback()))
            return err_no_memory(e);
    return 0;
}

/* ---- the health check's command ---- */

static int apply_health_test(json_t *spec, const struct flags *f, struct err *e)
{
    const char *path = SPEC_CONTAINER ".Healthcheck.Test";
    const char *command = flags_string(f, "health-cmd");
    bool none = flags_switch(f, "no-healthcheck");
    if (none && flags_has_prefix(f, "health-"))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "--no-healthcheck conflicts with --health-* options");
    if (none) {
        field_remove(spec, SPEC_CONTAINER ".Healthcheck");
        return field_set(spec, path, json_pack("[s]", "NONE")) ? err_no_memory(e) : 0;
    }
    if (command && field_set(spec, path, json_pack("[s, s]", "CMD-SHELL", command)))
        return err_no_memory(e);
    return 0;
}

int spec_apply_scalars(json_t *spec, const struct flags *f, struct err *e)
{
    int r = make_policies(spec, f, e);
    for (size_t i = 0; i < ARRAY_SIZE(rules) && !r; i++) {
        const char *text = flags_string(f, rules[i].flag);
        json_t *value = NULL;
        if (!text)
            continue;
        r = make_value(rules[i].kind, text, &value, e);
        if (!r && field_set(spec, rules[i].path, value))
            r = err_no_memory(e);
    }
    return r ? r : apply_health_test(spec, f, e);
}
