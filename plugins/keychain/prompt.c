/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A prompt is shown by the service; it says Completed when it is over. Whether the
 * service still lives is watched too, since a dead one says nothing. libsecret's own
 * prompt isn't used: it waits for the service even after it was canceled.
 */
#include "base/str.h"
#include "keychain/service.h"

#define PROMPT "org.freedesktop.Secret.Prompt"

struct prompt {
    bool is_over, is_dismissed, is_gone;
};

static void on_completed(GDBusConnection *connection, const char *sender,
                         const char *path, const char *interface, const char *signal,
                         GVariant *arguments, gpointer data)
{
    struct prompt *p = data;
    gboolean dismissed = TRUE;
    if (g_variant_is_of_type(arguments, G_VARIANT_TYPE("(bv)")))
        g_variant_get_child(arguments, 0, "b", &dismissed);
    p->is_dismissed = dismissed;
    p->is_over = true;
}

static void on_owner_changed(GDBusConnection *connection, const char *sender,
                             const char *path, const char *interface, const char *signal,
                             GVariant *arguments, gpointer data)
{
    struct prompt *p = data;
    p->is_gone = p->is_over = true;
}

static void on_closed(GDBusConnection *connection, gboolean by_peer, GError *error,
                      gpointer data)
{
    struct prompt *p = data;
    p->is_gone = p->is_over = true;
}

/* Nobody waits for it any more. */
static void dismiss(struct keychain_service *s, const char *path)
{
    g_dbus_connection_call(s->bus.connection, s->owner, path, PROMPT, "Dismiss", NULL,
                           NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, KEYCHAIN_CALL_MS, NULL,
                           NULL, NULL);
}

static int show(struct keychain_service *s, const char *path, const struct prompt *p,
                struct err *e)
{
    const struct waiter whole = s->bus.waiter;
    GVariant *nothing = NULL;
    int r = keychain_service_call(s, path, PROMPT, "Prompt", g_variant_new("(s)", ""),
                                  "()", &nothing, e);
    if (r)
        return r;
    g_variant_unref(nothing);
    s->bus.waiter = waiter_within(&whole, s->prompt_ms);
    r = keychain_bus_until(&s->bus, &p->is_over, e);
    s->bus.waiter = whole;
    if (r)
        dismiss(s, path);
    if (r == ERR_DEADLINE_EXCEEDED)
        return err_set(
            e, ERR_FAILED_PRECONDITION,
            "the keyring is locked and nobody answered its prompt: unlock it "
            "(log in to the desktop, or gnome-keyring-daemon --unlock) and try "
            "again");
    return r;
}

static int outcome(const struct prompt *p, struct err *e)
{
    if (p->is_gone)
        return err_set(e, ERR_UNAVAILABLE, "the keyring went away during its prompt");
    if (p->is_dismissed)
        return err_set(e, ERR_FAILED_PRECONDITION,
                       "the keyring is locked and its prompt was dismissed");
    return 0;
}

int keychain_prompt(struct keychain_service *s, const char *path, struct err *e)
{
    struct prompt p = {0};
    GDBusConnection *bus = s->bus.connection;
    if (str_equal(path, "/"))
        return 0;
    guint completed = g_dbus_connection_signal_subscribe(
        bus, s->owner, PROMPT, "Completed", path, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
        on_completed, &p, NULL);
    guint owner = g_dbus_connection_signal_subscribe(
        bus, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
        "/org/freedesktop/DBus", s->owner, G_DBUS_SIGNAL_FLAGS_NONE, on_owner_changed, &p,
        NULL);
    gulong closed = g_signal_connect(bus, "closed", G_CALLBACK(on_closed), &p);
    int r = show(s, path, &p, e);
    g_signal_handler_disconnect(bus, closed);
    g_dbus_connection_signal_unsubscribe(bus, owner);
    g_dbus_connection_signal_unsubscribe(bus, completed);
    if (!r)
        r = outcome(&p, e);
    s->is_refused = r == ERR_FAILED_PRECONDITION;
    return r;
}
