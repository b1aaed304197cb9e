/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each operation: a session with whoever is the keyring now, unlock, do; and again while
 * the keyring says that it is locked, since desktops lock it at any moment.
 */
#include "keychain/keychain.h"

#include <string.h>

#include "base/str.h"

/* So often a keyring that says it is locked is unlocked again; before each further time
 * there is a pause, twice as long as the last. */
#define ATTEMPTS_MAX 5
#define FIRST_PAUSE_MS 20

const struct keychain_groups keychain_known_groups = {
    {"com.docker.pass.shared", "com.docker.pass", "io.docker.secrets",
     "secrets.com.docker", "com.docker.docker-pass"},
    5};

void keychain_init(struct keychain *k, const struct keychain_groups *groups,
                   int prompt_ms)
{
    *k = (struct keychain){.groups = *groups};
    keychain_service_init(&k->service);
    k->service.prompt_ms = prompt_ms;
}

void keychain_deinit(struct keychain *k)
{
    keychain_service_deinit(&k->service);
}

/* ---- operations ---- */

/* What is done when the keyring is open. It may be done again after it failed. */
typedef int (*operation_fn)(struct keychain *k, void *arguments, struct err *e);

/* What a person doesn't unlock isn't asked for again. */
static int repeat(struct keychain *k, operation_fn operation, void *arguments,
                  struct err *e)
{
    unsigned pause = FIRST_PAUSE_MS;
    for (int i = 0;; i++) {
        int r = keychain_service_unlock_collection(&k->service, e);
        if (!r)
            r = operation(k, arguments, e);
        if (r != ERR_FAILED_PRECONDITION || k->service.is_refused || i == ATTEMPTS_MAX)
            return r;
        r = keychain_bus_pause(&k->service.bus, pause, e);
        if (r)
            return r;
        pause *= 2;
    }
}

static int perform(struct keychain *k, operation_fn operation, void *arguments,
                   struct err *e)
{
    int r = keychain_service_open(&k->service, e);
    return r ? r : repeat(k, operation, arguments, e);
}

/* A change of ours is one even where the keyring wouldn't tell of it. */
static int change(struct keychain *k, const struct waiter *w, operation_fn operation,
                  void *arguments, struct err *e)
{
    keychain_places_clear(&k->service.places);
    keychain_bus_begin(&k->service.bus, w);
    int r = perform(k, operation, arguments, e);
    keychain_bus_end(&k->service.bus);
    return r;
}

/* ---- finding ---- */

struct finding {
    const struct pattern *pattern;
    bool with_values;
    bool is_hasty; /* nothing is unlocked */
    struct keychain_items found;
};

/* Items can be locked on their own. */
static int unlock_items(struct keychain_service *s, const struct keychain_items *items,
                        struct err *e)
{
    int r = 0;
    for (size_t i = 0; !r && i < items->n; i++) {
        const char *path = items->list[i].path;
        if (items->list[i].is_locked)
            r = keychain_service_unlock(s, &path, 1, e);
    }
    return r;
}

static int find(struct keychain *k, void *arguments, struct err *e)
{
    struct finding *f = arguments;
    unsigned changes = keychain_bus_signals();
    keychain_items_deinit(&f->found);
    int r = keychain_items_find(&k->service, &k->groups, f->pattern, &f->found, e);
    if (r)
        return r;
    if (f->is_hasty && (f->found.has_locked || !f->found.n))
        return err_set(e, ERR_FAILED_PRECONDITION, "the keyring may be locked");
    bool is_clear = !f->found.has_locked;
    keychain_items_collapse(&f->found);
    if (f->with_values && f->found.n)
        r = unlock_items(&k->service, &f->found, e);
    if (!r && f->with_values && f->found.n)
        r = keychain_items_read(&k->service, &f->found, e);
    if (!r && is_clear)
        r = keychain_items_remember(&k->service, &f->found, changes, e);
    return r;
}

/* Whatever is tried next, it would be too late. */
static bool is_late(int r)
{
    return r == ERR_DEADLINE_EXCEEDED || r == ERR_CANCELED;
}

/* The keyring is mostly the one it was, and unlocked: two calls at once then give a
 * secret that was read before, three one after the other any. When they don't, the long
 * way tells why, or finds what has changed. */
static int find_hastily(struct keychain *k, struct finding *f, struct err *e)
{
    int r = ERR_NOT_FOUND;
    f->is_hasty = true;
    if (f->with_values && pattern_is_id(f->pattern))
        r = keychain_items_recall(&k->service, &k->groups, f->pattern, &f->found, e);
    if (r && !is_late(r))
        r = find(k, f, e);
    f->is_hasty = false;
    return r;
}

static int find_in_time(struct keychain *k, struct finding *f, struct err *e)
{
    int r = keychain_service_is_open(&k->service) ? find_hastily(k, f, e) : ERR_NOT_FOUND;
    return !r || is_late(r) ? r : perform(k, find, f, e);
}

int keychain_find(struct keychain *k, const struct waiter *w,
                  const struct pattern *pattern, bool with_values,
                  struct keychain_items *out, struct err *e)
{
    struct finding f = {.pattern = pattern, .with_values = with_values};
    keychain_bus_begin(&k->service.bus, w);
    int r = find_in_time(k, &f, e);
    keychain_bus_end(&k->service.bus);
    if (r)
        keychain_items_deinit(&f.found);
    else
        *out = f.found;
    return r;
}

/* All items of one id. */
static int find_id(struct keychain *k, const char *id, struct keychain_items *out,
                   struct err *e)
{
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    int r = pattern_parse(&pattern, id, strlen(id), e);
    if (!r)
        r = keychain_items_find(&k->service, &k->groups, &pattern, out, e);
    return r ? r : unlock_items(&k->service, out, e);
}

/* ---- changing ---- */

struct saving {
    const struct secret_envelope *secret;
    bool overwrite;
};

/* Duplicates that other programs left in our group: one item is enough. */
static int delete_rest(struct keychain_service *s, const struct keychain_items *items,
                       struct err *e)
{
    int r = 0;
    for (size_t i = 1; !r && i < items->n; i++)
        if (items->list[i].group == 0)
            r = keychain_item_delete(s, items->list[i].path, e);
    return r;
}

static int save(struct keychain *k, void *arguments, struct err *e)
{
    const struct saving *s = arguments;
    const char *group = k->groups.names[0];
    cleanup_keychain_items struct keychain_items items = {0};
    int r = find_id(k, s->secret->id, &items, e);
    if (r)
        return r;
    if (items.n && !s->overwrite)
        return err_set(e, ERR_ALREADY_EXISTS, "secret %s already exists", s->secret->id);
    if (!items.n || items.list[0].group != 0)
        return keychain_item_create(&k->service, group, s->secret, e);
    r = keychain_item_update(&k->service, items.list[0].path, group, s->secret, e);
    return r ? r : delete_rest(&k->service, &items, e);
}

int keychain_save(struct keychain *k, const struct waiter *w,
                  const struct secret_envelope *secret, bool overwrite, struct err *e)
{
    struct saving s = {secret, overwrite};
    int r = change(k, w, save, &s, e);
    return r ? err_wrap(e, r, "save secret %s", secret->id) : 0;
}

struct removing {
    const char *id;
    bool was_found; /* also when an attempt before has removed it */
};

static int take_away(struct keychain *k, void *arguments, struct err *e)
{
    struct removing *removing = arguments;
    cleanup_keychain_items struct keychain_items items = {0};
    int r = find_id(k, removing->id, &items, e);
    if (!r && !items.n && !removing->was_found)
        return err_set(e, ERR_NOT_FOUND, "secret not found");
    for (size_t i = 0; !r && i < items.n; i++) {
        removing->was_found = true;
        r = keychain_item_delete(&k->service, items.list[i].path, e);
    }
    return r;
}

int keychain_remove(struct keychain *k, const struct waiter *w, const char *id,
                    struct err *e)
{
    struct removing removing = {id, false};
    return change(k, w, take_away, &removing, e);
}

int keychain_probe(struct keychain *k, const struct waiter *w, struct err *e)
{
    struct waiter within = waiter_within(w, KEYCHAIN_PROBE_MS);
    keychain_bus_begin(&k->service.bus, &within);
    int r = keychain_service_find(&k->service, e);
    keychain_bus_end(&k->service.bus);
    return r == ERR_DEADLINE_EXCEEDED ? 0 : r;
}

/* ---- locking ---- */

static int nothing(struct keychain *k, void *arguments, struct err *e)
{
    return 0;
}

int keychain_unlock(struct keychain *k, const struct waiter *w, const void *password,
                    size_t size, struct err *e)
{
    if (size == 0)
        return change(k, w, nothing, NULL, e);
    keychain_bus_begin(&k->service.bus, w);
    int r = keychain_service_open(&k->service, e);
    if (!r)
        r = keychain_service_unlock_with(&k->service, password, size, e);
    keychain_bus_end(&k->service.bus);
    return r;
}

int keychain_lock(struct keychain *k, const struct waiter *w, struct err *e)
{
    keychain_bus_begin(&k->service.bus, w);
    int r = keychain_service_open(&k->service, e);
    if (!r)
        r = keychain_service_lock(&k->service, e);
    keychain_bus_end(&k->service.bus);
    return r;
}

/* ---- telling of it ---- */

static int read_state(struct keychain_service *s, struct keychain_state *out,
                      struct err *e)
{
    int r = keychain_service_open(s, e);
    if (!r)
        r = keychain_service_is_locked(s, &out->is_locked, e);
    if (!r)
        r = keychain_service_takes_password(s, &out->takes_password, e);
    if (!r)
        strcpy_cut(out->collection, sizeof(out->collection), s->collection);
    return r;
}

int keychain_state(struct keychain *k, const struct waiter *w, struct keychain_state *out,
                   struct err *e)
{
    keychain_bus_begin(&k->service.bus, w);
    int r = read_state(&k->service, out, e);
    keychain_bus_end(&k->service.bus);
    return r;
}
