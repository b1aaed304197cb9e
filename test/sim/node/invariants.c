/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold at each change, at each start of a container, after each event, and when
 * nothing happens any more. */
#include "stage.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "cluster/secret_payload.h"
#include "secretfs/secret_files.h"

/* ---- changes ---- */

static bool has_files(const struct stage *s, const char *task_id)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", s->secrets, task_id);
    return access(path, F_OK) == 0;
}

static void check_task_change(struct stage *s, const Swarm__Task *before,
                              const Swarm__Task *after)
{
    CHECK(after->status->state >= before->status->state);
    CHECK(after->desired_state >= before->desired_state);
    CHECK(message_equal(&before->spec->base, &after->spec->base));
    /* Its files went before that was reported. */
    if (after->status->state > SWARM__TASK_STATE__RUNNING &&
        after->status->state != SWARM__TASK_STATE__ORPHANED)
        CHECK(!has_files(s, after->id));
}

/* A slot that was given up may be taken again at once, as in SwarmKit. */
static void note_stop(struct stage *s, const Swarm__Task *after)
{
    struct spy_task *t = map_get(&s->spy.tasks, after->id);
    if (t && after->desired_state == SWARM__TASK_STATE__REMOVE)
        t->is_given_up = true;
    if (t && t->stop_asked_at == CLOCK_NEVER &&
        after->desired_state > SWARM__TASK_STATE__RUNNING)
        t->stop_asked_at = message_time(after->meta->updated_at, 0);
}

/* The manager gives up what runs on a node that is down, and begins anew when it comes
 * back: for a while there may be two. */
static void note_node(struct stage *s, const Swarm__Node *n)
{
    if (n->status->state != SWARM__NODE_STATUS__STATE__DOWN)
        return;
    for (size_t i = 0; i < s->spy.tasks.len; i++)
        ((struct spy_task *)s->spy.tasks.entries[i].value)->is_given_up = true;
}

/* For the reader of a run that is shown. */
static void show_change(const struct store_change *c, const struct object *o)
{
    if (o->kind != OBJECT_TASK)
        log_debug("store: %s %s version %llu%s", object_kind_name(o->kind), object_id(o),
                  (unsigned long long)object_version(o), c->after ? "" : " removed");
    else
        log_debug("store: task %s (%s.%u): desired %s, state %s%s", object_id(o),
                  o->task->service_annotations->name, (unsigned)o->task->slot,
                  task_state_name(o->task->desired_state),
                  task_state_name(o->task->status->state), c->after ? "" : ", removed");
}

void check_change(struct stage *s, const struct store_change *c)
{
    const struct object *o = store_change_object(c);
    show_change(c, o);
    if (c->before && c->after)
        CHECK(object_version(c->after) > object_version(c->before));
    if (o->kind == OBJECT_TASK && c->before && c->after)
        check_task_change(s, c->before->task, c->after->task);
    if (o->kind == OBJECT_TASK && c->after)
        note_stop(s, c->after->task);
    if (o->kind == OBJECT_NODE)
        note_node(s, o->node);
}

/* ---- a start ---- */

#define PATH_SIZE 2048

/* Where the container finds a target, as a path of the host; false when nothing is bound
 * there. */
static bool resolve(const struct fake_container *c, const struct secret_place *place,
                    char out[PATH_SIZE])
{
    const char *target = place->is_in_dir ? "/run/secrets" : place->path;
    for (size_t i = 0; i < c->n_binds; i++) {
        if (!str_equal(c->binds[i].target, target))
            continue;
        int n =
            snprintf(out, PATH_SIZE, "%s%s%s", c->binds[i].source,
                     place->is_in_dir ? "/" : "", place->is_in_dir ? place->path : "");
        CHECK(n < PATH_SIZE);
        return true;
    }
    return false;
}

static void check_file(struct stage *s, const struct fake_container *c, bool is_config,
                       const char *id, const Swarm__FileTarget *f)
{
    struct secret_place place;
    char path[PATH_SIZE];
    struct stat st;
    cleanup_buf struct buf text = BUF_INIT;
    const struct buf *value = map_get(&s->values, id);
    uint64_t uid, gid;
    CHECK(value && secret_place_of(f->name, is_config, &place, NULL) == 0);
    CHECK(resolve(c, &place, path));
    CHECK(lstat(path, &st) == 0 && S_ISREG(st.st_mode));
    CHECK((st.st_mode & 07777) == f->mode);
    CHECK(str_to_u64(f->uid, &uid) && str_to_u64(f->gid, &gid));
    CHECK(st.st_uid == uid && st.st_gid == gid);
    if (geteuid() != 0 && !(f->mode & 0400))
        return;
    CHECK(file_read(path, 4096, &text, NULL) == 0);
    CHECK(text.len == value->len && memcmp(text.data, value->data, value->len) == 0);
}

/* No container starts unless all its files are there, just as they were asked for. */
void check_start(struct stage *s, const struct spy_task *t,
                 const struct fake_container *c)
{
    const Swarm__ContainerSpec *spec = t->task->spec->container;
    for (size_t i = 0; i < spec->n_secrets; i++)
        check_file(s, c, false, spec->secrets[i]->secret_id, spec->secrets[i]->file);
    for (size_t i = 0; i < spec->n_configs; i++)
        check_file(s, c, true, spec->configs[i]->config_id, spec->configs[i]->file);
}

/* ---- each event ---- */

static bool is_running(const struct stage *s, const struct spy_task *t)
{
    const struct fake_container *c = engine_spy_container(&s->spy, t);
    return c && c->is_running;
}

/* The manager waits so long for a task to stop, and no longer. */
#define STOP_PATIENCE CLOCK_MINUTE

static bool is_overdue(const struct spy_task *t)
{
    return t->stop_asked_at != CLOCK_NEVER &&
           clock_now() - t->stop_asked_at >= STOP_PATIENCE;
}

static bool may_share(const struct spy_task *a, const struct spy_task *b)
{
    return a->is_given_up || b->is_given_up || is_overdue(a) || is_overdue(b) ||
           a->task->slot != b->task->slot ||
           !str_equal(a->task->service_id, b->task->service_id) ||
           str_starts_with(a->task->service_annotations->name, "first");
}

static void check_slot(const struct stage *s, const struct spy_task *t)
{
    for (size_t i = 0; i < s->spy.tasks.len; i++) {
        const struct spy_task *other = s->spy.tasks.entries[i].value;
        CHECK(other == t || may_share(t, other) || !is_running(s, other));
    }
}

/* What neither the engine nor the manager knows any more. */
static void forget_old(struct stage *s)
{
    for (size_t i = s->spy.tasks.len; s->store && i-- > 0;) {
        struct spy_task *t = s->spy.tasks.entries[i].value;
        if (engine_spy_container(&s->spy, t) ||
            store_get(store_view(s->store), OBJECT_TASK, t->task->id))
            continue;
        map_remove(&s->spy.tasks, t->task->id);
        message_free(&t->task->base);
        free(t);
    }
}

void check_step(struct stage *s)
{
    forget_old(s);
    for (size_t i = 0; i < s->spy.tasks.len; i++)
        if (is_running(s, s->spy.tasks.entries[i].value))
            check_slot(s, s->spy.tasks.entries[i].value);
}

/* ---- promises ---- */

static void check_secret(struct stage *s, const struct object *o)
{
    const struct buf *value = map_get(&s->values, object_id(o));
    ProtobufCBinaryData plain = {value->len, (uint8_t *)value->data};
    bool is_equal = false;
    CHECK(secret_payload_is_equal(s->keys, o, &plain, &is_equal, NULL) == 0 && is_equal);
}

static void check_promise(struct stage *s, const struct object *promised)
{
    const struct object *o =
        store_get(store_view(s->store), promised->kind, object_id(promised));
    CHECK(o);
    if (o->kind == OBJECT_SECRET)
        check_secret(s, o);
    else if (o->kind == OBJECT_SERVICE)
        CHECK(message_equal(&o->service->spec->base, &promised->service->spec->base));
    else if (o->kind == OBJECT_CONFIG)
        CHECK(message_equal(&o->config->spec->base, &promised->config->spec->base));
}

/* Nothing that was promised is missing, nothing is there that wasn't. */
void check_promises(struct stage *s)
{
    const struct store_view *v = store_view(s->store);
    size_t n = 0;
    if (s->n_waiting)
        return;
    for (size_t i = 0; i < s->objects.len; i++) {
        const struct object *promised = s->objects.entries[i].value;
        check_promise(s, promised);
        n += promised->kind != OBJECT_NODE;
    }
    CHECK(n == store_count(v, OBJECT_SECRET) + store_count(v, OBJECT_CONFIG) +
                   store_count(v, OBJECT_SERVICE));
}

/* ---- at rest ---- */

static size_t count_running(struct stage *s, const char *service_id)
{
    cleanup_object_list struct object_list tasks = OBJECT_LIST_INIT;
    size_t n = 0;
    CHECK(store_find(store_view(s->store), OBJECT_TASK, STORE_BY_SERVICE, service_id,
                     &tasks) == 0);
    for (size_t i = 0; i < tasks.len; i++) {
        const Swarm__Task *task = tasks.objects[i]->task;
        const struct fake_container *c = fake_engine_find(s->fake, task->id);
        bool runs = task->status->state == SWARM__TASK_STATE__RUNNING;
        CHECK(runs == (c && c->is_running));
        CHECK(runs || !has_files(s, task->id));
        n += runs;
    }
    return n;
}

static size_t count_containers(const struct stage *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->spy.tasks.len; i++) {
        const struct spy_task *t = s->spy.tasks.entries[i].value;
        if (!engine_spy_container(&s->spy, t))
            continue;
        CHECK(store_get(store_view(s->store), OBJECT_TASK, t->task->id));
        n++;
    }
    return n;
}

static size_t check_files(const struct stage *s)
{
    DIR *dir = opendir(s->secrets);
    size_t n = 0;
    CHECK(dir);
    for (struct dirent *d; (d = readdir(dir));) {
        if (d->d_name[0] == '.')
            continue;
        const struct object *o = store_get(store_view(s->store), OBJECT_TASK, d->d_name);
        CHECK(o && o->task->status->state <= SWARM__TASK_STATE__RUNNING);
        n++;
    }
    closedir(dir);
    return n;
}

void check_rest(struct stage *s)
{
    cleanup_object_list struct object_list services = OBJECT_LIST_INIT;
    CHECK(s->n_waiting == 0);
    check_promises(s);
    CHECK(store_find(store_view(s->store), OBJECT_SERVICE, STORE_ALL, NULL, &services) ==
          0);
    for (size_t i = 0; i < services.len; i++) {
        const Swarm__Service *service = services.objects[i]->service;
        CHECK(count_running(s, service->id) == service->spec->replicated->replicas);
    }
    CHECK(count_containers(s) == fake_engine_containers(s->fake));
    check_files(s);
    CHECK(keyring_count(s->keys) == 1);
}

void check_empty(struct stage *s)
{
    const struct store_view *v = store_view(s->store);
    CHECK(store_count(v, OBJECT_TASK) == 0 && store_count(v, OBJECT_SECRET) == 0);
    CHECK(fake_engine_containers(s->fake) == 0);
    CHECK(check_files(s) == 0);
}
