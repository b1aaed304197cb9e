/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A service with a plain container, and a table of what is changed of it: each case says
 * what the validation answers then.
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

struct container_case {
    void (*change)(struct fixture *f);
    int code;
    const char *text;
};

static void check_cases(const struct container_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        static struct fixture f;
        struct err e = {0};
        init(&f);
        cases[i].change(&f);
        int r = service_spec_validate(&f.spec, &e);
        if (r != cases[i].code)
            fail_msg("case %zu: %d, %s", i, r, e.text);
        if (r)
            assert_string_equal(err_text(&e), cases[i].text);
    }
}
