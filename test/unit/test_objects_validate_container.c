/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service's container may ask for: image, mounts, health check and what isn't
 * supported. Each case changes one thing of a plain container.
 */
#include "container_fixture.h"

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

static void reserved_label(struct fixture *f)
{
    static Swarm__Pair label, *labels[] = {&label};
    swarm__pair__init(&label);
    label.key = literal("coffer.secrets.uid");
    label.value = literal("0");
    f->container.labels = labels;
    f->container.n_labels = 1;
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

static const struct container_case cases[] = {
    {everything, 0, NULL},
    {tmpfs, 0, NULL},
    {zero_interval, 0, NULL},
    {empty_selinux, 0, NULL},
    {no_image, ERR_INVALID_ARGUMENT, "ContainerSpec: image reference must be provided"},
    {bad_image, ERR_INVALID_ARGUMENT,
     "ContainerSpec: \"BAD IMAGE\" is not a valid repository/tag"},
    {ugly_image, ERR_INVALID_ARGUMENT,
     "ContainerSpec: \"a\\\"\\\\\\x1b[2J\" is not a valid repository/tag"},
    {reserved_label, ERR_INVALID_ARGUMENT,
     "ContainerSpec: label coffer.secrets.uid: labels that begin with coffer.secrets. "
     "are cofferd's to set"},
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
    check_cases(cases, ARRAY_SIZE(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_has_its_code_and_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
