/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which secrets and configs a service's container may name, and where they may be put.
 * Each case changes one thing of a plain container.
 */
#include "container_fixture.h"

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

/* ---- the swarm's own, by references ---- */

static void variable(struct fixture *f, const char *text, size_t n_secrets)
{
    static char *env[2];
    env[0] = literal("PATH=/bin");
    env[1] = literal(text);
    f->container.env = env;
    f->container.n_env = 2;
    f->container.n_secrets = n_secrets;
}

static void own_variable(struct fixture *f)
{
    variable(f, "PW=se://swarm/two", 2);
}

static void own_pattern(struct fixture *f)
{
    variable(f, "PW=se://swarm/**", 1);
}

static void own_twice(struct fixture *f)
{
    variable(f, "PW=se://swarm/*", 2);
    f->secret[1].secret_name = literal("one");
}

static void own_file(struct fixture *f)
{
    f->container.n_secrets = 2;
    f->secret[1].secret_name = literal("se://swarm/one");
}

static void engines_pattern(struct fixture *f)
{
    variable(f, "PW=se://*/three", 1);
}

static void not_given_variable(struct fixture *f)
{
    variable(f, "PW=se://swarm/three", 2);
}

static void not_given_below(struct fixture *f)
{
    variable(f, "PW=se://swarm/one/two", 2);
}

static void not_given_pattern(struct fixture *f)
{
    variable(f, "PW=se://swarm/*/two", 2);
}

static void several_given(struct fixture *f)
{
    variable(f, "PW=se://swarm/*", 2);
}

static void not_given_file(struct fixture *f)
{
    f->container.n_secrets = 2;
    f->secret[1].secret_name = literal("se://swarm/two");
}

static void bad_own_variable(struct fixture *f)
{
    variable(f, "PW=se://swarm//one", 2);
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

#define BAD_REFERENCE                                                                    \
    "secret se://db//password: reference \"se://db//password\": invalid pattern "        \
    "\"db//password\": a component is empty (at byte 4)"
#define BAD_TARGET "malformed file secret reference, invalid target file name provided"

static const struct container_case cases[] = {
    {deep_target, 0, NULL},
    {too_long_target, ERR_INVALID_ARGUMENT, BAD_TARGET},
    {too_deep_target, ERR_INVALID_ARGUMENT, BAD_TARGET},
    {absolute_target, 0, NULL},
    {secret_without_id, ERR_INVALID_ARGUMENT, "malformed secret reference"},
    {secret_without_name, ERR_INVALID_ARGUMENT, "malformed secret reference"},
    {reference, 0, NULL},
    {bad_reference, ERR_INVALID_ARGUMENT, BAD_REFERENCE},
    {own_variable, 0, NULL},
    {own_pattern, 0, NULL},
    {own_twice, 0, NULL},
    {own_file, 0, NULL},
    {engines_pattern, 0, NULL},
    {not_given_variable, ERR_INVALID_ARGUMENT,
     "variable PW: se://swarm/three: the service wasn't given this secret: add --secret "
     "three (service update: --secret-add three)"},
    {not_given_below, ERR_INVALID_ARGUMENT,
     "variable PW: se://swarm/one/two: the service wasn't given this secret: add "
     "--secret one/two (service update: --secret-add one/two)"},
    {not_given_pattern, ERR_INVALID_ARGUMENT,
     "variable PW: se://swarm/*/two: the service wasn't given this secret: add --secret "
     "NAME (service update: --secret-add NAME)"},
    {several_given, ERR_INVALID_ARGUMENT,
     "variable PW: se://swarm/*: more than one secret of the service matches: one, two"},
    {not_given_file, ERR_INVALID_ARGUMENT,
     "se://swarm/two: the service wasn't given this secret: add --secret two (service "
     "update: --secret-add two)"},
    {bad_own_variable, ERR_INVALID_ARGUMENT,
     "variable PW: reference \"se://swarm//one\": invalid pattern \"swarm//one\": a "
     "component is empty (at byte 7)"},
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
