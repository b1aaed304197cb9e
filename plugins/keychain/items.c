/* SPDX-License-Identifier: Apache-2.0 */
#include "keychain/items.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "keychain/attributes.h"

static void item_deinit(struct keychain_item *item)
{
    g_free(item->path);
    secret_envelope_deinit(&item->secret);
    *item = (struct keychain_item){0};
}

void keychain_items_deinit(struct keychain_items *items)
{
    for (size_t i = 0; i < items->n; i++)
        item_deinit(&items->list[i]);
    free(items->list);
    *items = (struct keychain_items){0};
}

/* ---- which it is ---- */

static bool find_group(const struct keychain_groups *groups, GVariant *attributes,
                       size_t *out)
{
    const char *group = keychain_attribute(attributes, "service:group");
    const char *name = keychain_attribute(attributes, "service:name");
    for (size_t i = 0; str_equal(name, KEYCHAIN_NAME) && i < groups->n; i++) {
        if (str_equal(group, groups->names[i])) {
            *out = i;
            return true;
        }
    }
    return false;
}

static uint64_t get_time(GVariant *properties, const char *name)
{
    guint64 t = 0;
    g_variant_lookup(properties, name, "t", &t);
    return t;
}

/* Fills an item from its properties; *is_ours says whether it is one. */
static int fill(struct keychain_item *item, const struct keychain_groups *groups,
                const struct pattern *pattern, GVariant *properties, bool *is_ours,
                struct err *e)
{
    gboolean locked = FALSE;
    GVariant *attributes =
        g_variant_lookup_value(properties, "Attributes", G_VARIANT_TYPE("a{ss}"));
    *is_ours = attributes && find_group(groups, attributes, &item->group);
    int r = *is_ours ? keychain_attributes_read(attributes, &item->secret, e) : 0;
    g_clear_pointer(&attributes, g_variant_unref);
    if (r == ERR_NO_MEMORY)
        return r;
    *is_ours = *is_ours && !r && pattern_match(pattern, item->secret.id);
    g_variant_lookup(properties, "Locked", "b", &locked);
    item->is_locked = locked;
    item->modified = get_time(properties, "Modified");
    uint64_t created = get_time(properties, "Created");
    item->created = created > INT64_MAX ? 0 : (int64_t)created;
    return 0;
}

/* By id; then by group, the newest first, and by path, so that it is always the same. */
static int compare(const void *pa, const void *pb)
{
    const struct keychain_item *a = pa, *b = pb;
    int order = strcmp(a->secret.id, b->secret.id);
    if (order)
        return order;
    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    if (a->modified != b->modified)
        return a->modified > b->modified ? -1 : 1;
    return strcmp(a->path, b->path);
}

void keychain_items_collapse(struct keychain_items *items)
{
    size_t kept = 0;
    for (size_t i = 0; i < items->n; i++) {
        if (kept && str_equal(items->list[kept - 1].secret.id, items->list[i].secret.id))
            item_deinit(&items->list[i]);
        else
            items->list[kept++] = items->list[i];
    }
    items->n = kept;
}

/* ---- asking for them ---- */

/* Takes one answer into the list. An item that was removed meanwhile is none. */
static int take_properties(struct keychain_items *items,
                           const struct keychain_groups *groups,
                           const struct pattern *pattern, const char *path,
                           struct keychain_call *call, struct err *e)
{
    bool is_ours;
    struct keychain_item *item = &items->list[items->n];
    int r = call->error ? keychain_error(TAKE(call->error), "read an item", e) : 0;
    if (r)
        return r == ERR_NOT_FOUND || r == ERR_UNIMPLEMENTED ? 0 : r;
    GVariant *properties = g_variant_get_child_value(call->answer, 0);
    r = fill(item, groups, pattern, properties, &is_ours, e);
    g_variant_unref(properties);
    items->has_locked |= item->is_locked;
    if (r || !is_ours) {
        item_deinit(item);
        return r;
    }
    item->path = g_strdup(path);
    items->n++;
    return 0;
}

static void ask_for_properties(struct keychain_service *s, const char *path,
                               struct keychain_call *call)
{
    struct keychain_method m = {s->owner, path, DBUS_PROPERTIES, "GetAll", "(a{sv})"};
    keychain_call_begin(&s->bus, call, &m, g_variant_new("(s)", SECRETS_ITEM));
}

static int load_some(struct keychain_service *s, const struct keychain_groups *groups,
                     const struct pattern *pattern, const char *const *paths, size_t n,
                     struct keychain_items *out, struct err *e)
{
    struct keychain_call calls[KEYCHAIN_IN_FLIGHT_MAX];
    for (size_t i = 0; i < n; i++)
        ask_for_properties(s, paths[i], &calls[i]);
    int r = keychain_bus_settle(&s->bus, 0, e);
    for (size_t i = 0; !r && i < n; i++)
        r = take_properties(out, groups, pattern, paths[i], &calls[i], e);
    for (size_t i = 0; i < n; i++)
        keychain_call_deinit(&calls[i]);
    return r;
}

static int load(struct keychain_service *s, const struct keychain_groups *groups,
                const struct pattern *pattern, const char *const *paths, size_t n,
                struct keychain_items *out, struct err *e)
{
    int r = 0;
    if (n > KEYCHAIN_ITEMS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "the keyring has %zu items of " KEYCHAIN_NAME
                       ", more than %d can't be used",
                       n, KEYCHAIN_ITEMS_MAX);
    out->list = calloc(n ? n : 1, sizeof(*out->list));
    if (!out->list)
        return err_no_memory(e);
    for (size_t at = 0; !r && at < n; at += KEYCHAIN_IN_FLIGHT_MAX)
        r = load_some(s, groups, pattern, paths + at,
                      n - at < KEYCHAIN_IN_FLIGHT_MAX ? n - at : KEYCHAIN_IN_FLIGHT_MAX,
                      out, e);
    return r;
}

static int search(struct keychain_service *s, const char *id, GVariant **out,
                  struct err *e)
{
    return keychain_service_call(s, s->collection, SECRETS_COLLECTION, "SearchItems",
                                 g_variant_new("(@a{ss})", keychain_search_terms(id)),
                                 "(ao)", out, e);
}

int keychain_items_find(struct keychain_service *s, const struct keychain_groups *groups,
                        const struct pattern *pattern, struct keychain_items *out,
                        struct err *e)
{
    GVariant *answer;
    gsize n;
    int r = search(s, pattern_is_id(pattern) ? pattern->text : NULL, &answer, e);
    if (r)
        return r;
    cleanup_keychain_items struct keychain_items items = {0};
    GVariant *objects = g_variant_get_child_value(answer, 0);
    const char **paths = g_variant_get_objv(objects, &n);
    r = load(s, groups, pattern, paths, n, &items, e);
    g_free(paths);
    g_variant_unref(objects);
    g_variant_unref(answer);
    if (r)
        return r;
    qsort(items.list, items.n, sizeof(*items.list), compare);
    *out = items;
    items = (struct keychain_items){0};
    return 0;
}

/* ---- values ---- */

/* Values that are asked for at once: together they must fit a message of D-Bus, which may
 * have 128 MiB. */
#define VALUES_AT_ONCE 64

static int take_value(struct keychain_service *s, struct keychain_item *item,
                      GVariant *found, struct err *e)
{
    gsize size;
    GVariant *coded = g_variant_lookup_value(found, item->path, NULL);
    if (!coded)
        return err_set(e, ERR_FAILED_PRECONDITION, "secret %s is locked in the keyring",
                       item->secret.id);
    SecretValue *value = secret_service_decode_dbus_secret(s->secret, coded);
    g_variant_unref(coded);
    if (!value)
        return err_set(e, ERR_DATA_LOSS,
                       "the keyring's answer for secret %s can't be decrypted",
                       item->secret.id);
    const char *bytes = secret_value_get(value, &size);
    int r = secret_envelope_set_value(&item->secret, bytes, size, e);
    secret_value_unref(value);
    return r;
}

static void ask_for_values(struct keychain_service *s, const char *const *paths, size_t n,
                           struct keychain_call *call)
{
    struct keychain_method m = {s->owner, SECRETS_PATH, SECRETS_SERVICE, "GetSecrets",
                                "(a{o(oayays)})"};
    keychain_call_begin(&s->bus, call, &m,
                        g_variant_new("(@aoo)", g_variant_new_objv(paths, (gssize)n),
                                      secret_service_get_session_dbus_path(s->secret)));
}

static int take_values(struct keychain_service *s, struct keychain_item *items, size_t n,
                       struct keychain_call *call, struct err *e)
{
    int r = call->error ? keychain_error(TAKE(call->error), "GetSecrets", e) : 0;
    if (r)
        return r;
    GVariant *found = g_variant_get_child_value(call->answer, 0);
    for (size_t i = 0; !r && i < n; i++)
        r = take_value(s, &items[i], found, e);
    g_variant_unref(found);
    return r;
}

static int read_some(struct keychain_service *s, struct keychain_item *items, size_t n,
                     struct err *e)
{
    const char *paths[VALUES_AT_ONCE];
    struct keychain_call call;
    for (size_t i = 0; i < n; i++)
        paths[i] = items[i].path;
    ask_for_values(s, paths, n, &call);
    int r = keychain_bus_settle(&s->bus, 0, e);
    if (!r)
        r = take_values(s, items, n, &call, e);
    keychain_call_deinit(&call);
    return r;
}

int keychain_items_read(struct keychain_service *s, struct keychain_items *items,
                        struct err *e)
{
    int r = 0;
    for (size_t at = 0; !r && at < items->n; at += VALUES_AT_ONCE)
        r = read_some(s, items->list + at,
                      items->n - at < VALUES_AT_ONCE ? items->n - at : VALUES_AT_ONCE, e);
    return r;
}

/* ---- where it was ---- */

/* Properties and value are asked for at once; a change between the two is one that came
 * before them, as it is when items are searched for. */
static int ask_again(struct keychain_service *s, const struct keychain_groups *groups,
                     const struct pattern *id, const char *path,
                     struct keychain_items *items, struct err *e)
{
    struct keychain_call properties, values;
    ask_for_properties(s, path, &properties);
    ask_for_values(s, &path, 1, &values);
    int r = keychain_bus_settle(&s->bus, 0, e);
    if (!r)
        r = take_properties(items, groups, id, path, &properties, e);
    if (!r)
        r = take_values(s, items->list, items->n, &values, e);
    keychain_call_deinit(&properties);
    keychain_call_deinit(&values);
    return r;
}

int keychain_items_recall(struct keychain_service *s,
                          const struct keychain_groups *groups, const struct pattern *id,
                          struct keychain_items *out, struct err *e)
{
    keychain_places_renew(&s->places, keychain_bus_signals());
    const char *path = keychain_places_get(&s->places, id->text);
    cleanup_keychain_items struct keychain_items items = {
        .list = calloc(1, sizeof(*items.list))};
    if (!items.list)
        return err_no_memory(e);
    int r = path ? ask_again(s, groups, id, path, &items, e) : 0;
    if (r)
        return r;
    if (!items.n || keychain_bus_signals() != s->places.changes)
        return err_set(e, ERR_NOT_FOUND, "it may be elsewhere now");
    *out = items;
    items = (struct keychain_items){0};
    return 0;
}

int keychain_items_remember(struct keychain_service *s,
                            const struct keychain_items *items, unsigned changes,
                            struct err *e)
{
    int r = 0;
    keychain_places_renew(&s->places, changes);
    for (size_t i = 0; !r && i < items->n; i++)
        r = keychain_places_put(&s->places, items->list[i].secret.id, items->list[i].path,
                                e);
    return r;
}
