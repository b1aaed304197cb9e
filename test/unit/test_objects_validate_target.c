/* SPDX-License-Identifier: Apache-2.0 */
/* Which files and mounts of a container would lie in each other's place. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "objects/validate.h"

static void put(char **field, const char *value)
{
    assert_int_equal(message_set_string(field, value), 0);
}

static Swarm__FileTarget *file_make(const char *name)
{
    Swarm__FileTarget *f = message_new(&swarm__file_target__descriptor);
    put(&f->name, name);
    return f;
}

static void add_secret(Swarm__ContainerSpec *c, const char *name, const char *target)
{
    Swarm__SecretReference *r = message_new(&swarm__secret_reference__descriptor);
    put(&r->secret_name, name);
    r->target_case = SWARM__SECRET_REFERENCE__TARGET_FILE;
    r->file = file_make(target);
    assert_int_equal(message_append(&c->n_secrets, &c->secrets, r), 0);
}

static void add_config(Swarm__ContainerSpec *c, const char *name, const char *target)
{
    Swarm__ConfigReference *r = message_new(&swarm__config_reference__descriptor);
    put(&r->config_name, name);
    r->target_case = SWARM__CONFIG_REFERENCE__TARGET_FILE;
    r->file = file_make(target);
    assert_int_equal(message_append(&c->n_configs, &c->configs, r), 0);
}

static void add_mount(Swarm__ContainerSpec *c, const char *target)
{
    Swarm__Mount *m = message_new(&swarm__mount__descriptor);
    put(&m->target, target);
    assert_int_equal(message_append(&c->n_mounts, &c->mounts, m), 0);
}

/* A secret "a", and whatever else isn't NULL; the error must be so, NULL: there is none.
 */
static const struct {
    const char *secret, *secret_b, *config, *mount, *error;
} cases[] = {
    {"key", "other", "site", "/data", NULL},
    {"key", "key2", "key", "/key2", NULL},
    {"key", NULL, NULL, "/run/secrets", NULL},
    {"key", NULL, NULL, "/", NULL},
    {"/run/secrets", NULL, NULL, NULL, NULL},
    {"key", "/run/secrets/key", NULL, NULL,
     "secret references 'a' and 'b' have a conflicting target: '/run/secrets/key'"},
    {"key", "key/more", NULL, NULL,
     "secret references 'a' and 'b' have a conflicting target: 'key/more'"},
    {"key", "/run/secrets", NULL, NULL,
     "secret references 'a' and 'b' have a conflicting target: '/run/secrets'"},
    {"key", NULL, "run/secrets/key", NULL,
     "secret reference 'a' and config reference 'c' have a conflicting target: "
     "'run/secrets/key'"},
    {"key", NULL, NULL, "/run//secrets/x/../key",
     "ContainerSpec: duplicate mount point: /run//secrets/x/../key"},
    {"key", "/var/run/secrets/other", NULL, "/var/run/secretsother", NULL},
    {"key", "/var/run/secrets/key", NULL, NULL,
     "secret references 'a' and 'b' have a conflicting target: '/var/run/secrets/key'"},
    {"/var/run/secrets/key", NULL, "/run/secrets/key/more", NULL,
     "secret reference 'a' and config reference 'c' have a conflicting target: "
     "'/run/secrets/key/more'"},
    {"key", NULL, NULL, "/var/run/secrets/key",
     "ContainerSpec: duplicate mount point: /var/run/secrets/key"},
    {"key", NULL, "site", "/site/more",
     "ContainerSpec: duplicate mount point: /site/more"},
};

static void nothing_lies_in_the_place_of_another(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err e = {0};
        cleanup_message Swarm__ContainerSpec *c =
            message_new(&swarm__container_spec__descriptor);
        add_secret(c, "a", cases[i].secret);
        if (cases[i].secret_b)
            add_secret(c, "b", cases[i].secret_b);
        if (cases[i].config)
            add_config(c, "c", cases[i].config);
        if (cases[i].mount)
            add_mount(c, cases[i].mount);
        assert_int_equal(targets_validate(c, &e),
                         cases[i].error ? ERR_INVALID_ARGUMENT : 0);
        if (cases[i].error)
            assert_string_equal(err_text(&e), cases[i].error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_lies_in_the_place_of_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
