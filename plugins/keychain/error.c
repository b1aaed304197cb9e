/* SPDX-License-Identifier: Apache-2.0 */
#include "base/macro.h"
#include "base/str.h"
#include "keychain/bus.h"

/* What services say, by the name of the error on the bus. */
static const struct {
    const char *name;
    int code;
    const char *text; /* NULL: the service's own words */
} remote[] = {
    {"org.freedesktop.Secret.Error.IsLocked", ERR_FAILED_PRECONDITION,
     "the keyring is locked"},
    {"org.freedesktop.Secret.Error.NoSession", ERR_UNAVAILABLE,
     "the keyring has forgotten the session; try again"},
    {"org.freedesktop.Secret.Error.NoSuchObject", ERR_NOT_FOUND, "there is no such item"},
    {"org.freedesktop.DBus.Error.UnknownObject", ERR_NOT_FOUND, "there is no such item"},
    {"org.freedesktop.DBus.Error.UnknownMethod", ERR_UNIMPLEMENTED, NULL},
    {"org.freedesktop.DBus.Error.UnknownInterface", ERR_UNIMPLEMENTED, NULL},
    {"org.freedesktop.DBus.Error.AccessDenied", ERR_PERMISSION_DENIED, NULL},
    {"org.gnome.keyring.Error.Denied", ERR_PERMISSION_DENIED,
     "the keyring refuses: the password is wrong"},
    {"org.freedesktop.DBus.Error.ServiceUnknown", ERR_UNAVAILABLE,
     "the keyring went away"},
    {"org.freedesktop.DBus.Error.NameHasNoOwner", ERR_UNAVAILABLE,
     "the keyring went away"},
    {"org.freedesktop.DBus.Error.NoReply", ERR_UNAVAILABLE,
     "the keyring went away without an answer"},
    {"org.freedesktop.DBus.Error.Disconnected", ERR_UNAVAILABLE,
     "the session bus went away"},
};

/* One line, whatever the service sent. */
static void make_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == '\x7f')
            *text = ' ';
}

static int from_remote(GError *error, const char *name, const char *what, struct err *e)
{
    g_dbus_error_strip_remote_error(error);
    make_line(error->message);
    for (size_t i = 0; i < ARRAY_SIZE(remote); i++)
        if (str_equal(remote[i].name, name))
            return err_set(e, remote[i].code, "%s: %s", what,
                           remote[i].text ? remote[i].text : error->message);
    return err_set(e, ERR_INTERNAL, "%s: %s", what, error->message);
}

static int from_local(GError *error, const char *what, struct err *e)
{
    make_line(error->message);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        return err_set(e, ERR_DEADLINE_EXCEEDED, "%s: the keyring does not answer", what);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return err_set(e, ERR_CANCELED, "%s: canceled", what);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED))
        return err_set(e, ERR_UNAVAILABLE, "%s: the session bus went away", what);
    return err_set(e, ERR_INTERNAL, "%s: %s", what, error->message);
}

int keychain_error(GError *error, const char *what, struct err *e)
{
    char *name = g_dbus_error_get_remote_error(error);
    int r = name ? from_remote(error, name, what, e) : from_local(error, what, e);
    g_free(name);
    g_error_free(error);
    return r;
}
