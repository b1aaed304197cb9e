/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service's container may ask for: image, mounts, references, health check and
 * what isn't supported. Each case changes one thing of a plain container.
 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "literal.h"
#include "objects/objects.h"

/* A service whose container has two mounts, secrets and configs in reserve: a case says
 * how many count. */
struct fixture {
    Swarm__ServiceSpec spec;
    Swarm__Annotations annotations;
    Swarm__ReplicatedService replicated;
    Swarm__TaskSpec task;
    Swarm__ContainerSpec container;
    Swarm__HealthConfig health;
    Swarm__Privileges privileges;
    Swarm__Duration duration;
    Swarm__Mount mount[2];
    Swarm__Mount *mounts[2];
    Swarm__FileTarget file[2];
    Swarm__SecretReference secret[2];
    Swarm__SecretReference *secrets[2];
    Swarm__ConfigReference config[2];
    Swarm__ConfigReference *configs[2];
    char *strings[1];
};

static void init_file(struct fixture *f, int i, const char *name)
{
    swarm__file_target__init(&f->file[i]);
    f->file[i].name = literal(name);
    f->file[i].uid = f->file[i].gid = literal("0");
    f->file[i].mode = 0444;
}

static void init_item(struct fixture *f, int i, const char *name)
{
    swarm__mount__init(&f->mount[i]);
    f->mount[i].source = literal("/src");
    f->mount[i].target = literal(i ? "/b" : "/a");
    f->mounts[i] = &f->mount[i];
    init_file(f, i, name);
    swarm__secret_reference__init(&f->secret[i]);
    f->secret[i].secret_id = f->secret[i].secret_name = literal(name);
    f->secret[i].file = &f->file[i];
    f->secret[i].target_case = SWARM__SECRET_REFERENCE__TARGET_FILE;
    f->secrets[i] = &f->secret[i];
    swarm__config_reference__init(&f->config[i]);
    f->config[i].config_id = f->config[i].config_name = literal(name);
    f->config[i].file = &f->file[i];
    f->config[i].target_case = SWARM__CONFIG_REFERENCE__TARGET_FILE;
    f->configs[i] = &f->config[i];
}

static void init(struct fixture *f)
{
    *f = (struct fixture){
        .spec = SWARM__SERVICE_SPEC__INIT,
        .annotations = SWARM__ANNOTATIONS__INIT,
        .replicated = SWARM__REPLICATED_SERVICE__INIT,
        .task = SWARM__TASK_SPEC__INIT,
        .container = SWARM__CONTAINER_SPEC__INIT,
        .health = SWARM__HEALTH_CONFIG__INIT,
        .privileges = SWARM__PRIVILEGES__INIT,
        .duration = SWARM__DURATION__INIT,
    };
    init_item(f, 0, "one");
    init_item(f, 1, "two");
    f->annotations.name = literal("web");
    f->container.image = literal("redis");
    f->container.mounts = f->mounts;
    f->container.secrets = f->secrets;
    f->container.configs = f->configs;
    f->task.container = &f->container;
    f->task.runtime_case = SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    f->spec.annotations = &f->annotations;
    f->spec.task = &f->task;
    f->spec.replicated = &f->replicated;
    f->spec.mode_case = SWARM__SERVICE_SPEC__MODE_REPLICATED;
}

static void everything(struct fixture *f)
{
    f->container.n_mounts = f->container.n_secrets = f->container.n_configs = 2;
    f->mount[1].type = SWARM__MOUNT__TYPE__VOLUME;
    f->mount[1].source = literal("data");
    f->container.healthcheck = &f->health;
    f->container.privileges = &f->privileges;
    f->privileges.no_new_privileges = true;
    f->container.oom_score_adj = -1000;
}

static void no_image(struct fixture *f)
{
    f->container.image = literal("");
}

static void bad_image(struct fixture *f)
{
    f->container.image = literal("BAD IMAGE");
}

static void ugly_image(struct fixture *f)
{
    f->container.image = literal("a\"\\\x1b[2J");
}

static void env_template(struct fixture *f)
{
    f->strings[0] = literal("HOST={{.Node.Hostname}}");
    f->container.env = f->strings;
    f->container.n_env = 1;
}

static void hostname_template(struct fixture *f)
{
    f->container.hostname = literal("h-{{.Task.Slot}}");
}

static void mount_template(struct fixture *f)
{
    f->container.n_mounts = 1;
    f->mount[0].source = literal("/x/{{.Task.Slot}}");
}

static void same_target(struct fixture *f)
{
    f->container.n_mounts = 2;
    f->mount[1].target = literal("/a");
}

static void relative_target(struct fixture *f)
{
    f->container.n_mounts = 1;
    f->mount[0].target = literal("a");
}

static void relative_bind(struct fixture *f)
{
    f->container.n_mounts = 1;
    f->mount[0].source = literal("src");
}

static void absolute_volume(struct fixture *f)
{
    f->container.n_mounts = 1;
    f->mount[0].type = SWARM__MOUNT__TYPE__VOLUME;
}

static void tmpfs_source(struct fixture *f)
{
    f->container.n_mounts = 1;
    f->mount[0].type = SWARM__MOUNT__TYPE__TMPFS;
}

static void tmpfs(struct fixture *f)
{
    tmpfs_source(f);
    f->mount[0].source = literal("");
}

static void npipe(struct fixture *f)
{
    f->container.n_mounts = 1;
    f->mount[0].type = SWARM__MOUNT__TYPE__NPIPE;
}

static void cluster_volume(struct fixture *f)
{
    f->container.n_mounts = 1;
    f->mount[0].type = SWARM__MOUNT__TYPE__CLUSTER;
}

static void mount_type(struct fixture *f)
{
    f->container.n_mounts = 1;
    f->mount[0].type = 5;
}

static void subpath(struct fixture *f)
{
    static Swarm__Mount__VolumeOptions options = SWARM__MOUNT__VOLUME_OPTIONS__INIT;
    options.subpath = literal("x");
    absolute_volume(f);
    f->mount[0].volume_options = &options;
}

static void many_mounts(struct fixture *f)
{
    static Swarm__Mount *mounts[CONTAINER_MOUNTS_LIMIT + 1];
    for (size_t i = 0; i < ARRAY_SIZE(mounts); i++)
        mounts[i] = &f->mount[0];
    f->container.mounts = mounts;
    f->container.n_mounts = ARRAY_SIZE(mounts);
}

static void secret_without_id(struct fixture *f)
{
    f->container.n_secrets = 1;
    f->secret[0].secret_id = literal("");
}

static void secret_without_name(struct fixture *f)
{
    f->container.n_secrets = 1;
    f->secret[0].secret_name = literal("");
}

static void reference(struct fixture *f)
{
    f->container.n_secrets = 2;
    f->secret[0].secret_name = literal("se://db/password");
    f->secret[1].secret_name = literal("se://db/*");
}

static void bad_reference(struct fixture *f)
{
    f->container.n_secrets = 1;
    f->secret[0].secret_name = literal("se://db//password");
}

static void secret_without_target(struct fixture *f)
{
    f->container.n_secrets = 1;
    f->secret[0].target_case = SWARM__SECRET_REFERENCE__TARGET__NOT_SET;
}

static void target(struct fixture *f, const char *name)
{
    f->container.n_secrets = 1;
    f->file[0].name = literal(name);
}

static void no_file_name(struct fixture *f)
{
    target(f, "");
}

static void target_leads_out(struct fixture *f)
{
    target(f, "../one");
}

static void target_leads_out_later(struct fixture *f)
{
    target(f, "/etc/x/../../one");
}

static void target_is_a_folder(struct fixture *f)
{
    target(f, "one/");
}

static void target_is_here(struct fixture *f)
{
    target(f, "./one");
}

static void target_is_root(struct fixture *f)
{
    target(f, "/");
}

static void target_with_two_slashes(struct fixture *f)
{
    target(f, "//one");
}

static void long_target(struct fixture *f)
{
    static char name[257];
    memset(name, 'x', sizeof(name) - 1);
    target(f, name);
}

static void target_of_size(struct fixture *f, size_t n)
{
    static char name[TARGET_SIZE_LIMIT + 1];
    memset(name, 'x', sizeof(name));
    for (size_t i = 100; i < n - 1; i += 100)
        name[i] = '/';
    name[n] = '\0';
    target(f, name);
}

static void too_long_target(struct fixture *f)
{
    target_of_size(f, TARGET_SIZE_LIMIT);
}

static void target_of_parts(struct fixture *f, size_t parts)
{
    static char name[2 * TARGET_PARTS_LIMIT + 2];
    for (size_t i = 0; i < 2 * parts; i++)
        name[i] = i % 2 ? '/' : 'x';
    name[2 * parts - 1] = '\0';
    target(f, name);
}

static void too_deep_target(struct fixture *f)
{
    target_of_parts(f, TARGET_PARTS_LIMIT + 1);
}

static void deep_target(struct fixture *f)
{
    target(f, "db/.hidden/..pw/...");
}

static void absolute_target(struct fixture *f)
{
    target(f, "/etc/abs/secret");
}

static void same_secret_target(struct fixture *f)
{
    f->container.n_secrets = 2;
    f->file[1].name = literal("one");
}

static void same_secret_target_in_full(struct fixture *f)
{
    f->container.n_secrets = 2;
    f->file[1].name = literal("/run/secrets/one");
}

static void uid(struct fixture *f)
{
    f->container.n_secrets = 1;
    f->file[0].uid = literal("root");
}

static void gid(struct fixture *f)
{
    f->container.n_secrets = 1;
    f->file[0].gid = literal("4294967295");
}

static void mode(struct fixture *f)
{
    f->container.n_secrets = 1;
    f->file[0].mode = 04755;
}

static void many_secrets(struct fixture *f)
{
    static Swarm__SecretReference *secrets[CONTAINER_REFERENCES_LIMIT + 1];
    for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
        secrets[i] = &f->secret[0];
    f->container.secrets = secrets;
    f->container.n_secrets = ARRAY_SIZE(secrets);
}

static void config_without_id(struct fixture *f)
{
    f->container.n_configs = 1;
    f->config[0].config_id = literal("");
}

static void config_without_target(struct fixture *f)
{
    f->container.n_configs = 1;
    f->config[0].target_case = SWARM__CONFIG_REFERENCE__TARGET__NOT_SET;
}

static void config_without_file_name(struct fixture *f)
{
    f->container.n_configs = 1;
    f->file[0].name = literal("");
}

static void config_runtime(struct fixture *f)
{
    f->container.n_configs = 1;
    f->config[0].target_case = SWARM__CONFIG_REFERENCE__TARGET_RUNTIME;
}

static void same_config_target(struct fixture *f)
{
    f->container.n_configs = 2;
    f->file[1].name = literal("/one");
}

static void short_duration(struct fixture *f)
{
    f->container.healthcheck = &f->health;
    f->duration.nanos = 999999;
}

static void interval(struct fixture *f)
{
    short_duration(f);
    f->health.interval = &f->duration;
}

static void timeout(struct fixture *f)
{
    short_duration(f);
    f->health.timeout = &f->duration;
}

static void start_period(struct fixture *f)
{
    short_duration(f);
    f->health.start_period = &f->duration;
}

static void start_interval(struct fixture *f)
{
    short_duration(f);
    f->health.start_interval = &f->duration;
}

static void zero_interval(struct fixture *f)
{
    f->container.healthcheck = &f->health;
    f->health.interval = &f->duration;
}

static void retries(struct fixture *f)
{
    f->container.healthcheck = &f->health;
    f->health.retries = -1;
}

static void grace_period(struct fixture *f)
{
    f->duration.seconds = -1;
    f->container.stop_grace_period = &f->duration;
}

static void isolation(struct fixture *f)
{
    f->container.isolation = SWARM__CONTAINER_SPEC__ISOLATION__ISOLATION_PROCESS;
}

static void credential_spec(struct fixture *f)
{
    static Swarm__Privileges__CredentialSpec s = SWARM__PRIVILEGES__CREDENTIAL_SPEC__INIT;
    f->container.privileges = &f->privileges;
    f->privileges.credential_spec = &s;
}

static void empty_selinux(struct fixture *f)
{
    static Swarm__Privileges__SELinuxContext s = SWARM__PRIVILEGES__SELINUX_CONTEXT__INIT;
    s.disable = false;
    f->container.privileges = &f->privileges;
    f->privileges.selinux_context = &s;
}

static void selinux(struct fixture *f)
{
    empty_selinux(f);
    f->privileges.selinux_context->disable = true;
}

static void seccomp(struct fixture *f)
{
    static Swarm__Privileges__SeccompOpts s = SWARM__PRIVILEGES__SECCOMP_OPTS__INIT;
    s.mode = SWARM__PRIVILEGES__SECCOMP_OPTS__SECCOMP_MODE__UNCONFINED;
    f->container.privileges = &f->privileges;
    f->privileges.seccomp = &s;
}

static void apparmor(struct fixture *f)
{
    static Swarm__Privileges__AppArmorOpts s = SWARM__PRIVILEGES__APP_ARMOR_OPTS__INIT;
    s.mode = SWARM__PRIVILEGES__APP_ARMOR_OPTS__APP_ARMOR_MODE__DISABLED;
    f->container.privileges = &f->privileges;
    f->privileges.apparmor = &s;
}

#define BAD_REFERENCE                                                                    \
    "secret se://db//password: reference \"se://db//password\": invalid pattern "        \
    "\"db//password\": a component is empty (at byte 4)"
#define BAD_TARGET "malformed file secret reference, invalid target file name provided"

static const struct {
    void (*change)(struct fixture *f);
    int code;
    const char *text;
} cases[] = {
    {everything, 0, NULL},
    {tmpfs, 0, NULL},
    {deep_target, 0, NULL},
    {too_long_target, ERR_INVALID_ARGUMENT, BAD_TARGET},
    {too_deep_target, ERR_INVALID_ARGUMENT, BAD_TARGET},
    {absolute_target, 0, NULL},
    {zero_interval, 0, NULL},
    {empty_selinux, 0, NULL},
    {no_image, ERR_INVALID_ARGUMENT, "ContainerSpec: image reference must be provided"},
    {bad_image, ERR_INVALID_ARGUMENT,
     "ContainerSpec: \"BAD IMAGE\" is not a valid repository/tag"},
    {ugly_image, ERR_INVALID_ARGUMENT,
     "ContainerSpec: \"a\\\"\\\\\\x1b[2J\" is not a valid repository/tag"},
    {env_template, ERR_UNIMPLEMENTED,
     "a template in an environment variable (--env) is not supported yet: give the final "
     "text, without {{"},
    {hostname_template, ERR_UNIMPLEMENTED,
     "a template in the hostname (--hostname) is not supported yet: give the final text, "
     "without {{"},
    {mount_template, ERR_UNIMPLEMENTED,
     "a template in a mount (--mount) is not supported yet: give the final text, without "
     "{{"},
    {same_target, ERR_INVALID_ARGUMENT, "ContainerSpec: duplicate mount point: /a"},
    {relative_target, ERR_INVALID_ARGUMENT,
     "invalid mount target, must be an absolute path: a"},
    {relative_bind, ERR_INVALID_ARGUMENT,
     "invalid bind mount source, must be an absolute path: src"},
    {absolute_volume, ERR_INVALID_ARGUMENT,
     "invalid volume mount source, must not be an absolute path: /src"},
    {tmpfs_source, ERR_INVALID_ARGUMENT, "invalid tmpfs source, source must be empty"},
    {npipe, ERR_UNIMPLEMENTED,
     "a named pipe (--mount type=npipe) is not supported yet: it is for Windows "
     "containers"},
    {cluster_volume, ERR_UNIMPLEMENTED,
     "a cluster volume (--mount type=cluster) is not supported yet: use type=volume"},
    {mount_type, ERR_INVALID_ARGUMENT, "invalid mount type: 5"},
    {subpath, ERR_UNIMPLEMENTED,
     "a part of a volume (--mount volume-subpath) is not supported yet: mount the whole "
     "volume"},
    {many_mounts, ERR_INVALID_ARGUMENT,
     "ContainerSpec: there must not be more than 1000 mounts"},
    {secret_without_id, ERR_INVALID_ARGUMENT, "malformed secret reference"},
    {secret_without_name, ERR_INVALID_ARGUMENT, "malformed secret reference"},
    {reference, 0, NULL},
    {bad_reference, ERR_INVALID_ARGUMENT, BAD_REFERENCE},
    {secret_without_target, ERR_INVALID_ARGUMENT,
     "malformed secret reference, no target provided"},
    {no_file_name, ERR_INVALID_ARGUMENT, BAD_TARGET},
    {target_leads_out, ERR_INVALID_ARGUMENT, BAD_TARGET},
    {target_leads_out_later, ERR_INVALID_ARGUMENT, BAD_TARGET},
    {target_is_a_folder, ERR_INVALID_ARGUMENT, BAD_TARGET},
    {target_is_here, ERR_INVALID_ARGUMENT, BAD_TARGET},
    {target_is_root, ERR_INVALID_ARGUMENT, BAD_TARGET},
    {target_with_two_slashes, ERR_INVALID_ARGUMENT, BAD_TARGET},
    {long_target, ERR_INVALID_ARGUMENT, BAD_TARGET},
    {same_secret_target, ERR_INVALID_ARGUMENT,
     "secret references 'one' and 'two' have a conflicting target: 'one'"},
    {same_secret_target_in_full, ERR_INVALID_ARGUMENT,
     "secret references 'one' and 'two' have a conflicting target: '/run/secrets/one'"},
    {uid, ERR_INVALID_ARGUMENT,
     "malformed file secret reference, uid and gid of 'one' must be numbers"},
    {gid, ERR_INVALID_ARGUMENT,
     "malformed file secret reference, uid and gid of 'one' must be numbers"},
    {mode, ERR_INVALID_ARGUMENT,
     "malformed file secret reference, mode of 'one' must be between 0 and 0777"},
    {many_secrets, ERR_INVALID_ARGUMENT,
     "ContainerSpec: there must not be more than 1000 secret references"},
    {config_without_id, ERR_INVALID_ARGUMENT, "malformed config reference"},
    {config_without_target, ERR_INVALID_ARGUMENT,
     "malformed config reference, no target provided"},
    {config_without_file_name, ERR_INVALID_ARGUMENT,
     "malformed file config reference, invalid target file name provided"},
    {config_runtime, ERR_UNIMPLEMENTED,
     "a config for the engine (runtime target) is not supported yet: give the config a "
     "file as its target"},
    {same_config_target, ERR_INVALID_ARGUMENT,
     "config references 'one' and 'two' have a conflicting target: '/one'"},
    {interval, ERR_INVALID_ARGUMENT,
     "ContainerSpec: Interval in HealthConfig cannot be less than 1ms"},
    {timeout, ERR_INVALID_ARGUMENT,
     "ContainerSpec: Timeout in HealthConfig cannot be less than 1ms"},
    {start_period, ERR_INVALID_ARGUMENT,
     "ContainerSpec: StartPeriod in HealthConfig cannot be less than 1ms"},
    {start_interval, ERR_INVALID_ARGUMENT,
     "ContainerSpec: StartInterval in HealthConfig cannot be less than 1ms"},
    {retries, ERR_INVALID_ARGUMENT,
     "ContainerSpec: Retries in HealthConfig cannot be negative"},
    {grace_period, ERR_INVALID_ARGUMENT,
     "ContainerSpec: stop-grace-period cannot be negative"},
    {isolation, ERR_UNIMPLEMENTED,
     "an isolation mode (--isolation) is not supported yet: it is for Windows "
     "containers"},
    {credential_spec, ERR_UNIMPLEMENTED,
     "a credential spec (--credential-spec) is not supported yet: it is for Windows "
     "containers"},
    {selinux, ERR_UNIMPLEMENTED,
     "an SELinux context (Privileges.SELinuxContext) is not supported yet: leave it out "
     "to get the engine's own"},
    {seccomp, ERR_UNIMPLEMENTED,
     "a seccomp profile (Privileges.Seccomp) is not supported yet: leave it out to get "
     "the engine's own"},
    {apparmor, ERR_UNIMPLEMENTED,
     "an AppArmor mode (Privileges.AppArmor) is not supported yet: leave it out to get "
     "the engine's own"},
};

static void each_case_has_its_code_and_text(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        static struct fixture f;
        init(&f);
        cases[i].change(&f);
        struct err e = {0};
        int r = service_spec_validate(&f.spec, &e);
        if (r != cases[i].code)
            fail_msg("case %zu: %d, %s", i, r, e.text);
        if (r)
            assert_string_equal(err_text(&e), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_has_its_code_and_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
