/* SPDX-License-Identifier: Apache-2.0 */
/* What users do, and what breaks. */
#include "base/mem.h"
#include "sim.h"

static uint64_t below(struct sim *s, uint64_t n)
{
    return sim_random_below(&s->random, n);
}

static void *new (const ProtobufCMessageDescriptor *type)
{
    void *m = message_new(type);
    CHECK(m);
    return m;
}

static void find_all(const struct store_view *v, enum object_kind kind,
                     struct object_list *out)
{
    CHECK(store_find(v, kind, STORE_ALL, NULL, out) == 0);
}

/* Some object of a kind, lent by the list; NULL when there is none. */
static const struct object *choose(struct sim *s, struct store_tx *tx,
                                   enum object_kind kind, struct object_list *out)
{
    find_all(store_tx_view(tx), kind, out);
    return out->len ? out->objects[below(s, out->len)] : NULL;
}

/* ---- specs ---- */

static void use_secrets(struct sim *s, struct store_tx *tx, Swarm__ContainerSpec *c)
{
    cleanup_object_list struct object_list secrets = OBJECT_LIST_INIT;
    find_all(store_tx_view(tx), OBJECT_SECRET, &secrets);
    for (size_t i = 0; i < secrets.len; i++) {
        if (!sim_random_once_in(&s->random, 3))
            continue;
        Swarm__SecretReference *ref = new (&swarm__secret_reference__descriptor);
        CHECK(message_set_string(&ref->secret_id, object_id(secrets.objects[i])) == 0);
        CHECK(message_set_string(&ref->secret_name, object_name(secrets.objects[i])) ==
              0);
        CHECK(message_append(&c->n_secrets, &c->secrets, ref) == 0);
    }
}

static void set_container(struct sim *s, struct store_tx *tx, Swarm__TaskSpec *task)
{
    char image[32];
    if (task->runtime_case == SWARM__TASK_SPEC__RUNTIME_CONTAINER)
        message_free(&task->container->base);
    task->runtime_case = SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    task->container = new (&swarm__container_spec__descriptor);
    snprintf(image, sizeof(image), "image:%d", (int)below(s, 1000));
    CHECK(message_set_string(&task->container->image, image) == 0);
    use_secrets(s, tx, task->container);
}

static Swarm__RestartPolicy *random_policy(struct sim *s)
{
    Swarm__RestartPolicy *p = new (&swarm__restart_policy__descriptor);
    p->condition = sim_random_once_in(&s->random, 2)
                       ? SWARM__RESTART_POLICY__RESTART_CONDITION__ANY
                       : (Swarm__RestartPolicy__RestartCondition)below(s, 3);
    p->max_attempts = sim_random_once_in(&s->random, 4) ? 1 + below(s, 3) : 0;
    CHECK(message_set_duration(&p->delay, (int64_t)below(s, 7) * CLOCK_SECOND) == 0);
    CHECK(message_set_duration(&p->window, (int64_t)below(s, 3) * 10 * CLOCK_SECOND) ==
          0);
    return p;
}

static Swarm__UpdateConfig *random_update_config(struct sim *s)
{
    Swarm__UpdateConfig *c = new (&swarm__update_config__descriptor);
    c->parallelism = below(s, 4);
    c->failure_action = (Swarm__UpdateConfig__FailureAction)below(s, 3);
    c->order = (Swarm__UpdateConfig__UpdateOrder)below(s, 2);
    c->max_failure_ratio = sim_random_once_in(&s->random, 3) ? 0.5f : 0.0f;
    CHECK(message_set_duration(&c->delay, (int64_t)below(s, 4) * CLOCK_SECOND) == 0);
    CHECK(message_set_duration(&c->monitor, (int64_t)below(s, 8) * CLOCK_SECOND) == 0);
    return c;
}

/* Sometimes one that no node fulfils. */
static void set_constraint(struct sim *s, Swarm__TaskSpec *task)
{
    char text[32];
    message_free((ProtobufCMessage *)task->placement);
    task->placement = NULL;
    if (!sim_random_once_in(&s->random, 4))
        return;
    snprintf(text, sizeof(text), "node.id!=node%d", (int)below(s, SIM_NODES));
    if (sim_random_once_in(&s->random, 3))
        snprintf(text, sizeof(text), "node.id==nowhere");
    task->placement = new (&swarm__placement__descriptor);
    CHECK(message_append(&task->placement->n_constraints, &task->placement->constraints,
                         mem_dup(text, strlen(text))) == 0);
}

static Swarm__ServiceSpec *random_spec(struct sim *s, struct store_tx *tx,
                                       const char *name)
{
    Swarm__ServiceSpec *spec = new (&swarm__service_spec__descriptor);
    spec->annotations = new (&swarm__annotations__descriptor);
    CHECK(message_set_string(&spec->annotations->name, name) == 0);
    spec->task = new (&swarm__task_spec__descriptor);
    set_container(s, tx, spec->task);
    set_constraint(s, spec->task);
    if (!sim_random_once_in(&s->random, 4))
        spec->task->restart = random_policy(s);
    if (!sim_random_once_in(&s->random, 4))
        spec->update = random_update_config(s);
    if (!sim_random_once_in(&s->random, 4))
        spec->rollback = random_update_config(s);
    spec->mode_case = SWARM__SERVICE_SPEC__MODE_REPLICATED;
    spec->replicated = new (&swarm__replicated_service__descriptor);
    spec->replicated->replicas = below(s, 6);
    return spec;
}

/* ---- secrets ---- */

static bool create_secret(struct sim *s, struct store_tx *tx, void *user)
{
    struct manager_env env = sim_env(s);
    char id[OBJECT_ID_SIZE], name[32];
    if (store_count(store_tx_view(tx), OBJECT_SECRET) >= SIM_SECRETS)
        return false;
    manager_new_id(&env, id);
    snprintf(name, sizeof(name), "secret-%d", (int)s->created++);
    Swarm__SecretSpec *spec = new (&swarm__secret_spec__descriptor);
    spec->annotations = new (&swarm__annotations__descriptor);
    CHECK(message_set_string(&spec->annotations->name, name) == 0);
    CHECK(control_create(tx, &env, OBJECT_SECRET, id, spec, NULL, NULL) == 0);
    return true;
}

static bool is_used(const struct store_view *v, const char *secret_id)
{
    cleanup_object_list struct object_list users = OBJECT_LIST_INIT;
    CHECK(store_find(v, OBJECT_SERVICE, STORE_BY_SECRET, secret_id, &users) == 0);
    return users.len > 0;
}

static bool remove_secret(struct sim *s, struct store_tx *tx, void *user)
{
    struct manager_env env = sim_env(s);
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    const struct object *o = choose(s, tx, OBJECT_SECRET, &all);
    if (!o)
        return false;
    bool used = is_used(store_tx_view(tx), object_id(o));
    int r = control_remove(tx, &env, OBJECT_SECRET, object_id(o), false, NULL);
    CHECK(r == (used ? ERR_INVALID_ARGUMENT : 0));
    return !r;
}

/* ---- services ---- */

static bool create_service(struct sim *s, struct store_tx *tx, void *user)
{
    struct manager_env env = sim_env(s);
    char id[OBJECT_ID_SIZE], name[32];
    if (store_count(store_tx_view(tx), OBJECT_SERVICE) >= SIM_SERVICES)
        return false;
    manager_new_id(&env, id);
    snprintf(name, sizeof(name), "service-%d", (int)s->created++);
    CHECK(control_create(tx, &env, OBJECT_SERVICE, id, random_spec(s, tx, name), NULL,
                         NULL) == 0);
    return true;
}

static void change_spec(struct sim *s, struct store_tx *tx, Swarm__ServiceSpec *spec)
{
    switch (below(s, 5)) {
    case 0:
        spec->replicated->replicas = below(s, 8);
        break;
    case 1:
        set_constraint(s, spec->task);
        break;
    case 2:
        spec->task->force_update++;
        break;
    default:
        set_container(s, tx, spec->task);
    }
}

static bool update_service(struct sim *s, struct store_tx *tx, void *user)
{
    struct manager_env env = sim_env(s);
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    const struct object *o = choose(s, tx, OBJECT_SERVICE, &all);
    if (!o)
        return false;
    struct control_update how = {.version = object_version(o)};
    how.rollback = sim_random_once_in(&s->random, 5);
    Swarm__ServiceSpec *spec =
        (Swarm__ServiceSpec *)message_copy(&o->service->spec->base);
    CHECK(spec);
    change_spec(s, tx, spec);
    int r =
        control_update(tx, &env, OBJECT_SERVICE, object_id(o), &how, spec, NULL, NULL);
    /* The former spec may be absent, or refer to a secret that is gone. */
    CHECK(!r || how.rollback);
    return !r;
}

static bool remove_service(struct sim *s, struct store_tx *tx, void *user)
{
    struct manager_env env = sim_env(s);
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    const struct object *o = choose(s, tx, OBJECT_SERVICE, &all);
    if (!o)
        return false;
    CHECK(control_remove(tx, &env, OBJECT_SERVICE, object_id(o), false, NULL) == 0);
    return true;
}

/* ---- nodes ---- */

static bool set_availability(struct sim *s, struct store_tx *tx, void *user)
{
    struct manager_env env = sim_env(s);
    const Swarm__NodeSpec__Availability *wanted = user;
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    const struct object *o = choose(s, tx, OBJECT_NODE, &all);
    struct control_update how = {.version = object_version(o)};
    Swarm__NodeSpec *spec = (Swarm__NodeSpec *)message_copy(&o->node->spec->base);
    CHECK(spec);
    spec->availability = *wanted;
    CHECK(control_update(tx, &env, OBJECT_NODE, object_id(o), &how, spec, NULL, NULL) ==
          0);
    return true;
}

static void change_availability(struct sim *s)
{
    Swarm__NodeSpec__Availability wanted = SWARM__NODE_SPEC__AVAILABILITY__ACTIVE;
    if (sim_random_once_in(&s->random, 2))
        wanted = (Swarm__NodeSpec__Availability)below(s, 3);
    sim_commit(s, set_availability, &wanted);
}

void sim_user_acts(struct sim *s)
{
    switch (below(s, 12)) {
    case 0:
    case 1:
    case 2:
        sim_commit(s, create_service, NULL);
        break;
    case 3:
    case 4:
    case 5:
    case 6:
        sim_commit(s, update_service, NULL);
        break;
    case 7:
        sim_commit(s, remove_service, NULL);
        break;
    case 8:
    case 9:
        sim_commit(s, create_secret, NULL);
        break;
    case 10:
        sim_commit(s, remove_secret, NULL);
        break;
    default:
        change_availability(s);
    }
}

/* ---- faults ---- */

void sim_something_breaks(struct sim *s)
{
    struct sim_node *n = &s->nodes[below(s, SIM_NODES)];
    switch (below(s, 6)) {
    case 0:
        manager_reset(s->manager);
        sim_commit(s, NULL, NULL);
        break;
    case 1:
        sim_agent_crash(n->agent, s->now);
        break;
    case 2:
    case 3:
        sim_disconnect(s, n);
        break;
    default:
        sim_connect(s, n);
    }
}

/* ---- the end ---- */

static bool remove_all(struct sim *s, struct store_tx *tx, void *user)
{
    struct manager_env env = sim_env(s);
    enum object_kind kind = *(const enum object_kind *)user;
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    find_all(store_tx_view(tx), kind, &all);
    for (size_t i = 0; i < all.len; i++)
        CHECK(control_remove(tx, &env, kind, object_id(all.objects[i]), false, NULL) ==
              0);
    return true;
}

void sim_remove_services(struct sim *s)
{
    enum object_kind kind = OBJECT_SERVICE;
    CHECK(sim_commit(s, remove_all, &kind));
}

void sim_remove_secrets(struct sim *s)
{
    enum object_kind kind = OBJECT_SECRET;
    CHECK(sim_commit(s, remove_all, &kind));
}
