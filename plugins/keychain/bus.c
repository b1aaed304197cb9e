/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GDBus has a thread of its own for the connection; what it has for us wakes our context
 * up by one descriptor, and that is what a turn waits for.
 *
 * libsecret opens sessions on the process's one connection to the session bus, so it is
 * ours too. Where that is we find out ourselves, since GLib would launch a bus.
 */
#include "keychain/bus.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/home.h"
#include "base/mem.h"
#include "base/str.h"

#define BUS_NAME "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"
#define UNAVAILABLE "keychain backend unavailable: D-Bus session bus unavailable: "

void keychain_bus_init(struct keychain_bus *b)
{
    *b = (struct keychain_bus){.context = g_main_context_new()};
    g_main_context_push_thread_default(b->context);
    g_main_context_acquire(b->context);
}

void keychain_bus_deinit(struct keychain_bus *b)
{
    if (!b->context)
        return;
    g_clear_object(&b->connection);
    while (g_main_context_iteration(b->context, FALSE)) {
    }
    g_main_context_release(b->context);
    g_main_context_pop_thread_default(b->context);
    g_main_context_unref(b->context);
    *b = (struct keychain_bus){0};
}

/* ---- turns ---- */

/* Waits for at most one thing to happen, and lets it. */
static int turn(struct keychain_bus *b, struct err *e)
{
    GPollFD fd;
    int priority, timeout, r = 0;
    bool is_ready = g_main_context_prepare(b->context, &priority);
    if (g_main_context_query(b->context, priority, &timeout, &fd, 1) != 1)
        return err_set(e, ERR_INTERNAL, "GLib waits for more than its own signal");
    if (!is_ready)
        r = waiter_wait(&b->waiter, fd.fd, (short)fd.events, timeout, &is_ready, e);
    g_poll(&fd, 1, 0);
    if (g_main_context_check(b->context, priority, &fd, 1))
        g_main_context_dispatch(b->context);
    return r;
}

/* After a turn failed: nobody may be called back when the operation is over. Canceled
 * calls come back at once, whatever the service does. */
static void drain(struct keychain_bus *b)
{
    g_cancellable_cancel(b->cancel);
    while (b->in_flight)
        g_main_context_iteration(b->context, TRUE);
}

int keychain_bus_settle(struct keychain_bus *b, size_t most, struct err *e)
{
    while (b->in_flight > most) {
        int r = turn(b, e);
        if (r) {
            drain(b);
            return r == ERR_DEADLINE_EXCEEDED
                       ? err_set(e, r, "the keyring does not answer in time")
                       : r;
        }
    }
    return 0;
}

int keychain_bus_until(struct keychain_bus *b, const bool *flag, struct err *e)
{
    int r = 0;
    while (!r && !*flag)
        r = turn(b, e);
    return r;
}

static gboolean ring(gpointer flag)
{
    *(bool *)flag = true;
    return G_SOURCE_REMOVE;
}

int keychain_bus_pause(struct keychain_bus *b, unsigned ms, struct err *e)
{
    bool is_over = false;
    GSource *timer = g_timeout_source_new(ms);
    g_source_set_callback(timer, ring, &is_over, NULL);
    g_source_attach(timer, b->context);
    int r = keychain_bus_until(b, &is_over, e);
    g_source_destroy(timer);
    g_source_unref(timer);
    return r;
}

void keychain_bus_begin(struct keychain_bus *b, const struct waiter *w)
{
    b->waiter = *w;
    b->cancel = g_cancellable_new();
}

void keychain_bus_end(struct keychain_bus *b)
{
    drain(b);
    g_clear_object(&b->cancel);
}

/* ---- calls ---- */

static void on_answer(GObject *source, GAsyncResult *result, gpointer data)
{
    struct keychain_call *c = data;
    c->answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &c->error);
    keychain_bus_leave(c->bus);
}

void keychain_call_begin(struct keychain_bus *b, struct keychain_call *c,
                         const struct keychain_method *m, GVariant *arguments)
{
    *c = (struct keychain_call){.bus = b};
    keychain_bus_enter(b);
    g_dbus_connection_call(b->connection, m->owner, m->path, m->interface, m->name,
                           arguments, G_VARIANT_TYPE(m->answer),
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, KEYCHAIN_CALL_MS, b->cancel,
                           on_answer, c);
}

void keychain_call_deinit(struct keychain_call *c)
{
    g_clear_pointer(&c->answer, g_variant_unref);
    g_clear_error(&c->error);
}

int keychain_bus_call(struct keychain_bus *b, const struct keychain_method *m,
                      GVariant *arguments, GVariant **out, struct err *e)
{
    struct keychain_call c;
    keychain_call_begin(b, &c, m, arguments);
    int r = keychain_bus_settle(b, 0, e);
    if (!r && c.error)
        r = keychain_error(TAKE(c.error), m->name, e);
    if (!r)
        *out = TAKE(c.answer);
    keychain_call_deinit(&c);
    return r;
}

int keychain_bus_ask(struct keychain_bus *b, const char *name, GVariant *arguments,
                     const char *answer, GVariant **out, struct err *e)
{
    struct keychain_method m = {BUS_NAME, BUS_PATH, BUS_NAME, name, answer};
    return keychain_bus_call(b, &m, arguments, out, e);
}

/* ---- signals ---- */

/* How many have come. The process's, as the connection is, whose thread may outlive a
 * bus of ours. */
static gint signals;

/* In GDBus's thread, which then hands the message on: a signal is counted before the
 * answers that came behind it. Nothing is kept of it, however many come while we sleep.
 */
static GDBusMessage *count_signal(GDBusConnection *connection, GDBusMessage *message,
                                  gboolean is_incoming, gpointer data)
{
    if (is_incoming &&
        g_dbus_message_get_message_type(message) == G_DBUS_MESSAGE_TYPE_SIGNAL)
        g_atomic_int_inc(&signals);
    return message;
}

unsigned keychain_bus_signals(void)
{
    return (unsigned)g_atomic_int_get(&signals);
}

int keychain_bus_listen(struct keychain_bus *b, const char *rule, struct err *e)
{
    GVariant *nothing;
    if (b->is_listening)
        return 0;
    int r =
        keychain_bus_ask(b, "AddMatch", g_variant_new("(s)", rule), "()", &nothing, e);
    if (r)
        return r;
    g_variant_unref(nothing);
    b->is_listening = true;
    return 0;
}

/* ---- the connection ---- */

/* The path of "unix:path=..." when that is all; NULL for any other address. */
static char *path_of(const char *address)
{
    if (!str_starts_with(address, "unix:path=") || strpbrk(address, ";%"))
        return NULL;
    address += strlen("unix:path=");
    return g_strndup(address, strcspn(address, ","));
}

static bool is_socket(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* The user's bus where no variable names one. */
static char *usual_address(void)
{
    cleanup_free char *folder = NULL;
    if (home_session_folder(&folder, NULL) || !folder)
        return NULL;
    char *path = g_build_filename(folder, "bus", NULL);
    char *escaped = g_dbus_address_escape_value(path);
    char *address = is_socket(path) ? g_strconcat("unix:path=", escaped, NULL) : NULL;
    g_free(escaped);
    g_free(path);
    return address;
}

static int find_address(char **out, struct err *e)
{
    const char *named = getenv("DBUS_SESSION_BUS_ADDRESS");
    char *address = str_is_empty(named) ? usual_address() : g_strdup(named);
    if (!address || strstr(address, "autolaunch:") || strstr(address, "unixexec:")) {
        g_free(address);
        return err_set(e, ERR_UNAVAILABLE,
                       UNAVAILABLE "no D-Bus session bus available: dbus: couldn't "
                                   "determine address of session bus");
    }
    char *path = path_of(address);
    int r = !path || is_socket(path)
                ? 0
                : err_set(e, ERR_UNAVAILABLE,
                          UNAVAILABLE "no session bus socket exists (%s)", path);
    g_free(path);
    if (r)
        g_free(address);
    else
        *out = address;
    return r;
}

struct connecting {
    struct keychain_bus *bus;
    GError *error;
};

static void on_connected(GObject *source, GAsyncResult *result, gpointer data)
{
    struct connecting *c = data;
    c->bus->connection = g_bus_get_finish(result, &c->error);
    keychain_bus_leave(c->bus);
}

/* A plain `su` leaves the variables of the user before. Where that user's bus lets us in,
 * as it may let root, our secrets would go to that user's keyring. */
static int check_user(struct keychain_bus *b, struct err *e)
{
    GIOStream *stream = g_dbus_connection_get_stream(b->connection);
    GSocket *socket = G_IS_SOCKET_CONNECTION(stream)
                          ? g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream))
                          : NULL;
    GCredentials *its = socket ? g_socket_get_credentials(socket, NULL) : NULL;
    bool is_own = its && g_credentials_get_unix_user(its, NULL) == geteuid();
    g_clear_object(&its);
    if (is_own)
        return 0;
    g_clear_object(&b->connection);
    return err_set(e, ERR_UNAVAILABLE,
                   UNAVAILABLE "the bus that DBUS_SESSION_BUS_ADDRESS or XDG_RUNTIME_DIR "
                               "names is not this user's");
}

bool keychain_bus_is_connected(const struct keychain_bus *b)
{
    return b->connection && !g_dbus_connection_is_closed(b->connection);
}

int keychain_bus_connect(struct keychain_bus *b, struct err *e)
{
    struct connecting c = {b, NULL};
    char *address = NULL;
    if (keychain_bus_is_connected(b))
        return 0;
    g_clear_object(&b->connection);
    b->is_listening = false;
    int r = find_address(&address, e);
    if (r)
        return r;
    g_setenv("DBUS_SESSION_BUS_ADDRESS", address, TRUE);
    g_free(address);
    keychain_bus_enter(b);
    g_bus_get(G_BUS_TYPE_SESSION, b->cancel, on_connected, &c);
    r = keychain_bus_settle(b, 0, e);
    if (!r && c.error)
        r = err_set(e, ERR_UNAVAILABLE, UNAVAILABLE "%s", c.error->message);
    g_clear_error(&c.error);
    r = r ?: check_user(b, e);
    if (r)
        return r;
    g_dbus_connection_set_exit_on_close(b->connection, FALSE);
    g_dbus_connection_add_filter(b->connection, count_signal, NULL, NULL);
    return 0;
}
