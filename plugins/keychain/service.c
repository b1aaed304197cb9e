/* SPDX-License-Identifier: Apache-2.0 */
#include "keychain/service.h"

#include <string.h>

#include "base/str.h"

#define SECRETS_NAME "org.freedesktop.secrets"
#define GNOME_INTERFACE "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
#define LOGIN_COLLECTION SECRETS_PATH "/collection/login"

/* Whoever sends them: at worst something is looked for again. */
#define CHANGES                                                                          \
    "type='signal',interface='" SECRETS_COLLECTION "',path_namespace='" SECRETS_PATH "'"

/* The bus itself is near: a bus that needs longer is none. Docker's code has the same. */
#define PROBE_MS 2000

void keychain_service_init(struct keychain_service *s)
{
    *s = (struct keychain_service){.prompt_ms = KEYCHAIN_PROMPT_MS};
    keychain_bus_init(&s->bus);
}

static void forget(struct keychain_service *s)
{
    g_clear_object(&s->secret);
    g_clear_pointer(&s->owner, g_free);
    g_clear_pointer(&s->collection, g_free);
    keychain_places_clear(&s->places);
}

void keychain_service_deinit(struct keychain_service *s)
{
    forget(s);
    keychain_bus_deinit(&s->bus);
}

int keychain_service_call(struct keychain_service *s, const char *path,
                          const char *interface, const char *name, GVariant *arguments,
                          const char *answer, GVariant **out, struct err *e)
{
    struct keychain_method m = {s->owner, path, interface, name, answer};
    return keychain_bus_call(&s->bus, &m, arguments, out, e);
}

/* ---- who it is ---- */

static int get_owner(struct keychain_service *s, char **out, struct err *e)
{
    GVariant *answer;
    int r = keychain_bus_ask(&s->bus, "GetNameOwner", g_variant_new("(s)", SECRETS_NAME),
                             "(s)", &answer, e);
    if (r)
        return r;
    g_variant_get(answer, "(s)", out);
    g_variant_unref(answer);
    return 0;
}

static int no_owner(struct err *e)
{
    return err_set(e, ERR_UNAVAILABLE,
                   "keychain backend unavailable: no " SECRETS_NAME
                   " owner on the session bus");
}

/* Where nobody has the name, a service that the bus knows how to start is started. */
static int start_service(struct keychain_service *s, struct err *e)
{
    GVariant *answer = NULL;
    gboolean is_known = FALSE;
    char **names;
    int r = keychain_bus_ask(&s->bus, "ListActivatableNames", NULL, "(as)", &answer, e);
    if (r)
        return r;
    g_variant_get(answer, "(^as)", &names);
    is_known = g_strv_contains((const char *const *)names, SECRETS_NAME);
    g_strfreev(names);
    g_variant_unref(answer);
    if (!is_known)
        return no_owner(e);
    r = keychain_bus_ask(&s->bus, "StartServiceByName",
                         g_variant_new("(su)", SECRETS_NAME, 0), "(u)", &answer, e);
    if (r)
        return err_set(e, ERR_UNAVAILABLE,
                       "keychain backend unavailable: " SECRETS_NAME " does not start");
    g_variant_unref(answer);
    return 0;
}

static int has_owner(struct keychain_service *s, bool *out, struct err *e)
{
    GVariant *answer;
    gboolean has = FALSE;
    int r = keychain_bus_ask(&s->bus, "NameHasOwner", g_variant_new("(s)", SECRETS_NAME),
                             "(b)", &answer, e);
    if (r)
        return r;
    g_variant_get(answer, "(b)", &has);
    g_variant_unref(answer);
    *out = has;
    return 0;
}

static int find_owner(struct keychain_service *s, char **out, struct err *e)
{
    const struct waiter whole = s->bus.waiter;
    bool has = true;
    s->bus.waiter = waiter_within(&whole, PROBE_MS);
    int r = get_owner(s, out, e);
    bool is_unknown = r == ERR_UNAVAILABLE;
    if (is_unknown)
        r = has_owner(s, &has, e);
    s->bus.waiter = whole;
    if (!is_unknown || r)
        return r;
    r = has ? 0 : start_service(s, e);
    return r ? r : get_owner(s, out, e);
}

int keychain_service_find(struct keychain_service *s, struct err *e)
{
    char *owner = NULL;
    int r = keychain_bus_connect(&s->bus, e);
    if (!r)
        r = find_owner(s, &owner, e);
    g_free(owner);
    return r;
}

/* ---- the session ---- */

struct opening {
    struct keychain_service *service;
    GError *error;
};

static void on_open(GObject *source, GAsyncResult *result, gpointer data)
{
    struct opening *o = data;
    o->service->secret = secret_service_open_finish(result, &o->error);
    keychain_bus_leave(&o->service->bus);
}

static int open_session(struct keychain_service *s, struct err *e)
{
    struct opening o = {s, NULL};
    keychain_bus_enter(&s->bus);
    secret_service_open(SECRET_TYPE_SERVICE, s->owner, SECRET_SERVICE_OPEN_SESSION,
                        s->bus.cancel, on_open, &o);
    int r = keychain_bus_settle(&s->bus, 0, e);
    if (!r && o.error)
        return keychain_error(o.error, "open a session with the keyring", e);
    g_clear_error(&o.error);
    return r;
}

/* ---- the collection ---- */

static int has_login(struct keychain_service *s, bool *out, struct err *e)
{
    GVariant *answer, *collections;
    int r = keychain_service_call(s, SECRETS_PATH, DBUS_PROPERTIES, "Get",
                                  g_variant_new("(ss)", SECRETS_SERVICE, "Collections"),
                                  "(v)", &answer, e);
    if (r)
        return r;
    g_variant_get(answer, "(v)", &collections);
    *out = false;
    if (g_variant_is_of_type(collections, G_VARIANT_TYPE("ao"))) {
        const char **paths = g_variant_get_objv(collections, NULL);
        *out = g_strv_contains(paths, LOGIN_COLLECTION);
        g_free(paths);
    }
    g_variant_unref(collections);
    g_variant_unref(answer);
    return 0;
}

static int read_default(struct keychain_service *s, char **out, struct err *e)
{
    GVariant *answer;
    const char *path;
    int r = keychain_service_call(s, SECRETS_PATH, SECRETS_SERVICE, "ReadAlias",
                                  g_variant_new("(s)", "default"), "(o)", &answer, e);
    if (r)
        return r;
    g_variant_get(answer, "(&o)", &path);
    if (str_equal(path, "/"))
        r = err_set(e, ERR_UNAVAILABLE, "no default keychain collection available");
    else
        *out = g_strdup(path);
    g_variant_unref(answer);
    return r;
}

static int find_collection(struct keychain_service *s, struct err *e)
{
    bool login;
    char *path = NULL;
    int r = has_login(s, &login, e);
    if (!r && !login)
        r = read_default(s, &path, e);
    if (r)
        return r;
    g_free(s->collection);
    s->collection = login ? g_strdup(LOGIN_COLLECTION) : path;
    return 0;
}

static int open_anew(struct keychain_service *s, char *owner, struct err *e)
{
    const struct waiter whole = s->bus.waiter;
    forget(s);
    s->owner = owner;
    s->bus.waiter = waiter_within(&whole, KEYCHAIN_CALL_MS);
    int r = keychain_bus_listen(&s->bus, CHANGES, e);
    if (!r)
        r = open_session(s, e);
    s->bus.waiter = whole;
    return r;
}

static int open_with(struct keychain_service *s, char *owner, struct err *e)
{
    int r = 0;
    if (s->secret && str_equal(owner, s->owner))
        g_free(owner);
    else
        r = open_anew(s, owner, e);
    return r ? r : find_collection(s, e);
}

bool keychain_service_is_open(const struct keychain_service *s)
{
    return keychain_bus_is_connected(&s->bus) && s->secret &&
           str_equal(s->collection, LOGIN_COLLECTION);
}

int keychain_service_open(struct keychain_service *s, struct err *e)
{
    char *owner;
    s->is_refused = false;
    if (!keychain_bus_is_connected(&s->bus))
        forget(s);
    int r = keychain_bus_connect(&s->bus, e);
    if (!r)
        r = find_owner(s, &owner, e);
    if (!r)
        r = open_with(s, owner, e);
    if (r)
        forget(s);
    return r;
}

/* ---- unlocking ---- */

int keychain_service_unlock(struct keychain_service *s, const char *const *paths,
                            size_t n, struct err *e)
{
    GVariant *answer;
    const char *prompt;
    GVariant *objects = g_variant_new_objv(paths, (gssize)n);
    int r = keychain_service_call(s, SECRETS_PATH, SECRETS_SERVICE, "Unlock",
                                  g_variant_new("(@ao)", objects), "(aoo)", &answer, e);
    if (r)
        return r;
    g_variant_get_child(answer, 1, "&o", &prompt);
    r = keychain_prompt(s, prompt, e);
    g_variant_unref(answer);
    return r;
}

int keychain_service_unlock_collection(struct keychain_service *s, struct err *e)
{
    const char *path = s->collection;
    return keychain_service_unlock(s, &path, 1, e);
}

int keychain_service_unlock_with(struct keychain_service *s, const void *password,
                                 size_t size, struct err *e)
{
    GVariant *answer = NULL;
    SecretValue *value = secret_value_new(password, (gssize)size, "text/plain");
    GVariant *arguments =
        g_variant_new("(o@(oayays))", s->collection,
                      secret_service_encode_dbus_secret(s->secret, value));
    secret_value_unref(value);
    int r =
        keychain_service_call(s, SECRETS_PATH, GNOME_INTERFACE,
                              "UnlockWithMasterPassword", arguments, "()", &answer, e);
    g_clear_pointer(&answer, g_variant_unref);
    if (r == ERR_UNIMPLEMENTED)
        return err_set(e, r,
                       "this keyring takes no password from a program: unlock it by its "
                       "own prompt");
    return r;
}

int keychain_service_lock(struct keychain_service *s, struct err *e)
{
    GVariant *answer;
    const char *prompt, *path = s->collection;
    GVariant *objects = g_variant_new_objv(&path, 1);
    int r = keychain_service_call(s, SECRETS_PATH, SECRETS_SERVICE, "Lock",
                                  g_variant_new("(@ao)", objects), "(aoo)", &answer, e);
    if (r)
        return r;
    g_variant_get_child(answer, 1, "&o", &prompt);
    r = keychain_prompt(s, prompt, e);
    g_variant_unref(answer);
    return r;
}

/* ---- telling of it ---- */

int keychain_service_is_locked(struct keychain_service *s, bool *out, struct err *e)
{
    GVariant *answer, *value;
    int r = keychain_service_call(s, s->collection, DBUS_PROPERTIES, "Get",
                                  g_variant_new("(ss)", SECRETS_COLLECTION, "Locked"),
                                  "(v)", &answer, e);
    if (r)
        return r;
    g_variant_get(answer, "(v)", &value);
    *out = g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN) &&
           g_variant_get_boolean(value);
    g_variant_unref(value);
    g_variant_unref(answer);
    return 0;
}

int keychain_service_takes_password(struct keychain_service *s, bool *out, struct err *e)
{
    GVariant *answer;
    const char *xml;
    int r = keychain_service_call(s, SECRETS_PATH, "org.freedesktop.DBus.Introspectable",
                                  "Introspect", NULL, "(s)", &answer, e);
    if (r)
        return r;
    g_variant_get(answer, "(&s)", &xml);
    *out = strstr(xml, GNOME_INTERFACE) != NULL;
    g_variant_unref(answer);
    return 0;
}
