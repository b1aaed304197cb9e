/* SPDX-License-Identifier: Apache-2.0 */
/* What users do, as the API would carry it to the manager, and what they were promised.
 */
#include "stage.h"

#include <unistd.h>

#include "base/mem.h"
#include "cluster/secret_payload.h"

enum verb {
    CREATE,
    UPDATE,
    REMOVE,
};

/* One request on its way. */
struct ask {
    struct stage *stage;
    enum verb verb;
    enum object_kind kind;
    char id[OBJECT_ID_SIZE];
    struct control_update how;
    void *spec;
};

/* ---- answers ---- */

static void key_of(const struct ask *q, char key[64])
{
    snprintf(key, 64, "%s/%s", object_kind_name(q->kind), q->id);
}

/* The object as it is now; one that went in the same moment is left to its removal. */
static void note_promise(const struct ask *q)
{
    struct stage *s = q->stage;
    char key[64];
    void *old = NULL;
    const struct object *o = store_get(store_view(s->store), q->kind, q->id);
    key_of(q, key);
    if (q->verb == REMOVE)
        old = map_remove(&s->objects, key);
    else if (o)
        CHECK(map_put(&s->objects, key, (void *)(uintptr_t)object_ref(o), &old) == 0);
    object_unref(old);
}

/* A user is never told of a fault of ours. */
static bool is_fair(int code)
{
    return code != ERR_INTERNAL && code != ERR_NO_MEMORY && code != ERR_DATA_LOSS;
}

static void on_answer(int r, const struct err *e, void *user)
{
    struct ask *q = user;
    CHECK(is_fair(r));
    q->stage->n_waiting--;
    if (!r) {
        q->stage->n_answered++;
        note_promise(q);
    }
    message_free(q->spec);
    free(q);
}

/* ---- requests ---- */

static int run(struct store_tx *tx, const struct manager_env *env, void *user,
               struct err *e)
{
    struct ask *q = user;
    switch (q->verb) {
    case CREATE:
        return control_create(tx, env, q->kind, q->id, TAKE(q->spec), NULL, e);
    case UPDATE:
        return control_update(tx, env, q->kind, q->id, &q->how, TAKE(q->spec), NULL, e);
    default:
        return control_remove(tx, env, q->kind, q->id, false, e);
    }
}

static void ask(const struct ask *what)
{
    struct ask *q = mem_dup(what, sizeof(*what));
    CHECK(q);
    CHECK(proposer_submit(q->stage->proposer, run, on_answer, q, NULL) == 0);
    q->stage->n_waiting++;
}

static void *new_message(const ProtobufCMessageDescriptor *type)
{
    void *m = message_new(type);
    CHECK(m);
    return m;
}

static void set(char **field, const char *value)
{
    CHECK(message_set_string(field, value) == 0);
}

static Swarm__Annotations *new_name(struct stage *s, const char *prefix)
{
    char name[32];
    Swarm__Annotations *a = new_message(&swarm__annotations__descriptor);
    snprintf(name, sizeof(name), "%s%u", prefix, s->n_names++);
    set(&a->name, name);
    return a;
}

static void draw_id(char id[OBJECT_ID_SIZE])
{
    uint8_t random[OBJECT_ID_RANDOM_BYTES];
    crypto_random(random, sizeof(random));
    object_id_from_random(random, id);
}

/* Draws a value and remembers it. */
static void draw_value(struct stage *s, const char *id, ProtobufCBinaryData *out)
{
    struct buf *value = calloc(1, sizeof(*value));
    CHECK(value && buf_printf(value, "%s%u", STAGE_CANARY, s->n_names) == 0);
    for (uint64_t n = stage_below(60); n; n--)
        CHECK(buf_append_char(value, (char)('!' + stage_below(90))) == 0);
    CHECK(map_put(&s->values, id, value, NULL) == 0);
    CHECK(message_set_bytes(out, value->data, value->len) == 0);
}

static void create_secret(struct stage *s)
{
    struct ask q = {.stage = s, .verb = CREATE, .kind = OBJECT_SECRET};
    Swarm__SecretSpec *spec = new_message(&swarm__secret_spec__descriptor);
    draw_id(q.id);
    spec->annotations = new_name(s, "secret");
    draw_value(s, q.id, &spec->data);
    CHECK(secret_payload_seal(s->keys, q.id, &spec->data, NULL) == 0);
    q.spec = spec;
    ask(&q);
}

/* Configs are no secrets: their values may lie on the disk, sealed like everything. */
static void create_config(struct stage *s)
{
    struct ask q = {.stage = s, .verb = CREATE, .kind = OBJECT_CONFIG};
    Swarm__ConfigSpec *spec = new_message(&swarm__config_spec__descriptor);
    draw_id(q.id);
    spec->annotations = new_name(s, "config");
    draw_value(s, q.id, &spec->data);
    q.spec = spec;
    ask(&q);
}

static void find_all(struct stage *s, enum object_kind kind, struct object_list *out)
{
    CHECK(store_find(store_view(s->store), kind, STORE_ALL, NULL, out) == 0);
}

/* One of a kind, lent by the list; NULL when there is none. */
static const struct object *choose(struct stage *s, enum object_kind kind,
                                   struct object_list *out)
{
    find_all(s, kind, out);
    return out->len ? out->objects[stage_below(out->len)] : NULL;
}

static void remove_one(struct stage *s, enum object_kind kind)
{
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    const struct object *o = choose(s, kind, &all);
    if (!o)
        return;
    struct ask q = {.stage = s, .verb = REMOVE, .kind = kind};
    strcpy_cut(q.id, sizeof(q.id), object_id(o));
    ask(&q);
}

/* ---- services ---- */

static void draw_owner(char **field)
{
    char text[16];
    unsigned own = geteuid();
    snprintf(text, sizeof(text), "%u", own ? own : (unsigned)stage_below(3000));
    set(field, text);
}

/* Below the directory of secrets, deeper in it, or elsewhere. */
static Swarm__FileTarget *draw_target(unsigned number)
{
    static const char *const places[] = {"", "deep/er/", "/etc/app/", "/run/secrets/"};
    static const uint32_t modes[] = {0400, 0440, 0444, 0555, 0600, 0000};
    char name[64];
    Swarm__FileTarget *f = new_message(&swarm__file_target__descriptor);
    snprintf(name, sizeof(name), "%sname%u", places[stage_below(ARRAY_SIZE(places))],
             number);
    set(&f->name, name);
    draw_owner(&f->uid);
    draw_owner(&f->gid);
    f->mode = modes[stage_below(ARRAY_SIZE(modes))];
    return f;
}

static void use_secrets(struct stage *s, Swarm__ContainerSpec *c)
{
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    find_all(s, OBJECT_SECRET, &all);
    for (uint64_t n = all.len ? stage_below(4) : 0; n; n--) {
        const struct object *o = all.objects[stage_below(all.len)];
        Swarm__SecretReference *ref = new_message(&swarm__secret_reference__descriptor);
        set(&ref->secret_id, object_id(o));
        set(&ref->secret_name, object_name(o));
        ref->target_case = SWARM__SECRET_REFERENCE__TARGET_FILE;
        ref->file = draw_target((unsigned)n);
        CHECK(message_append(&c->n_secrets, &c->secrets, ref) == 0);
    }
}

static void use_configs(struct stage *s, Swarm__ContainerSpec *c)
{
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    find_all(s, OBJECT_CONFIG, &all);
    for (uint64_t n = all.len ? stage_below(3) : 0; n; n--) {
        const struct object *o = all.objects[stage_below(all.len)];
        Swarm__ConfigReference *ref = new_message(&swarm__config_reference__descriptor);
        set(&ref->config_id, object_id(o));
        set(&ref->config_name, object_name(o));
        ref->target_case = SWARM__CONFIG_REFERENCE__TARGET_FILE;
        ref->file = draw_target(10 + (unsigned)n);
        CHECK(message_append(&c->n_configs, &c->configs, ref) == 0);
    }
}

static void draw_container(struct stage *s, Swarm__TaskSpec *spec)
{
    char image[32];
    if (spec->runtime_case == SWARM__TASK_SPEC__RUNTIME_CONTAINER)
        message_free(&spec->container->base);
    Swarm__ContainerSpec *c = new_message(&swarm__container_spec__descriptor);
    spec->runtime_case = SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    spec->container = c;
    snprintf(image, sizeof(image), "image:%u", s->n_names++);
    set(&c->image, image);
    CHECK(message_set_duration(&c->stop_grace_period,
                               (int64_t)stage_below(15 * CLOCK_SECOND)) == 0);
    use_secrets(s, c);
    use_configs(s, c);
}

/* A name says whether two containers may share a slot for a while. */
static void draw_update_config(Swarm__ServiceSpec *spec)
{
    bool is_start_first = str_starts_with(spec->annotations->name, "first");
    spec->update = new_message(&swarm__update_config__descriptor);
    spec->update->parallelism = stage_below(3);
    spec->update->failure_action = SWARM__UPDATE_CONFIG__FAILURE_ACTION__CONTINUE;
    spec->update->order = is_start_first ? SWARM__UPDATE_CONFIG__UPDATE_ORDER__START_FIRST
                                         : SWARM__UPDATE_CONFIG__UPDATE_ORDER__STOP_FIRST;
    CHECK(message_set_duration(&spec->update->delay,
                               (int64_t)stage_below(3 * CLOCK_SECOND)) == 0);
}

static void create_service(struct stage *s)
{
    struct ask q = {.stage = s, .verb = CREATE, .kind = OBJECT_SERVICE};
    Swarm__ServiceSpec *spec = new_message(&swarm__service_spec__descriptor);
    draw_id(q.id);
    spec->annotations = new_name(s, stage_below(3) ? "web" : "first");
    spec->task = new_message(&swarm__task_spec__descriptor);
    draw_container(s, spec->task);
    spec->task->restart = new_message(&swarm__restart_policy__descriptor);
    spec->task->restart->condition = SWARM__RESTART_POLICY__RESTART_CONDITION__ANY;
    CHECK(message_set_duration(&spec->task->restart->delay,
                               (int64_t)stage_below(6 * CLOCK_SECOND)) == 0);
    spec->mode_case = SWARM__SERVICE_SPEC__MODE_REPLICATED;
    spec->replicated = new_message(&swarm__replicated_service__descriptor);
    spec->replicated->replicas = stage_below(4);
    draw_update_config(spec);
    q.spec = spec;
    ask(&q);
}

static void update_service(struct stage *s)
{
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    const struct object *o = choose(s, OBJECT_SERVICE, &all);
    if (!o)
        return;
    struct ask q = {.stage = s, .verb = UPDATE, .kind = OBJECT_SERVICE};
    strcpy_cut(q.id, sizeof(q.id), object_id(o));
    q.how.version = object_version(o);
    q.how.rollback = o->service->previous_spec && stage_below(8) == 0;
    Swarm__ServiceSpec *spec =
        (Swarm__ServiceSpec *)message_copy(&o->service->spec->base);
    CHECK(spec);
    if (stage_below(2))
        spec->replicated->replicas = stage_below(4);
    else
        draw_container(s, spec->task);
    q.spec = spec;
    ask(&q);
}

/* ---- the rest ---- */

static void set_availability(struct stage *s, Swarm__NodeSpec__Availability availability)
{
    const struct object *o = store_get(store_view(s->store), OBJECT_NODE, STAGE_NODE);
    struct ask q = {.stage = s, .verb = UPDATE, .kind = OBJECT_NODE, .id = STAGE_NODE};
    Swarm__NodeSpec *spec = (Swarm__NodeSpec *)message_copy(&o->node->spec->base);
    CHECK(spec);
    spec->availability = availability;
    q.how.version = object_version(o);
    q.spec = spec;
    ask(&q);
}

void user_activates_node(struct stage *s)
{
    set_availability(s, SWARM__NODE_SPEC__AVAILABILITY__ACTIVE);
}

static void change_availability(struct stage *s)
{
    if (stage_below(3))
        user_activates_node(s);
    else
        set_availability(s, SWARM__NODE_SPEC__AVAILABILITY__DRAIN);
}

static void rotate_key(struct stage *s)
{
    struct err e;
    if (keyring_count(s->keys) < 4)
        CHECK(keyfile_rotate(s->keyfile, s->keys, &e) == 0);
    rekey_start(s->rekey);
}

void user_acts(struct stage *s)
{
    switch (stage_below(16)) {
    case 0:
    case 1:
        create_secret(s);
        break;
    case 2:
        create_config(s);
        break;
    case 3:
        remove_one(s, OBJECT_SECRET);
        break;
    case 4:
        remove_one(s, OBJECT_CONFIG);
        break;
    case 5:
    case 6:
    case 7:
        if (store_count(store_view(s->store), OBJECT_SERVICE) < 6)
            create_service(s);
        break;
    case 8:
        remove_one(s, OBJECT_SERVICE);
        break;
    case 9:
        change_availability(s);
        break;
    case 10:
        rotate_key(s);
        break;
    default:
        update_service(s);
    }
}

void user_removes_all(struct stage *s, enum object_kind kind)
{
    cleanup_object_list struct object_list all = OBJECT_LIST_INIT;
    find_all(s, kind, &all);
    for (size_t i = 0; i < all.len; i++) {
        struct ask q = {.stage = s, .verb = REMOVE, .kind = kind};
        strcpy_cut(q.id, sizeof(q.id), object_id(all.objects[i]));
        ask(&q);
    }
}

void user_forgets(struct stage *s)
{
    for (size_t i = 0; i < s->values.len; i++) {
        buf_deinit(s->values.entries[i].value);
        free(s->values.entries[i].value);
    }
    map_deinit(&s->values);
    for (size_t i = 0; i < s->objects.len; i++)
        object_unref(s->objects.entries[i].value);
    map_deinit(&s->objects);
}
