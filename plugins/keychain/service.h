/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <libsecret/secret.h>

#include "base/err.h"
#include "keychain/bus.h"
#include "keychain/places.h"

/*
 * The Secret Service (org.freedesktop.secrets): who it is now, a session with it, and the
 * collection that is used: "login" where there is one, else the default one.
 *
 * The service is addressed by its unique name, so one that takes its place later is
 * noticed and never gets what was meant for the first.
 */
struct keychain_service {
    struct keychain_bus bus;
    char *owner;                   /* its unique name; NULL: no session */
    SecretService *secret;         /* libsecret's, for the session */
    char *collection;              /* its path */
    struct keychain_places places; /* of its items, by its own words on what changes */
    int prompt_ms;                 /* how long a person has for a prompt */
    bool is_refused; /* a prompt of this operation didn't unlock what it was for */
};

#define KEYCHAIN_PROMPT_MS 30000

void keychain_service_init(struct keychain_service *s);
void keychain_service_deinit(struct keychain_service *s);

/* Within an operation of the bus: is there a service, running or such as can be started?
 * Then it is running. ERR_UNAVAILABLE: there is none, in Docker's words. */
int keychain_service_find(struct keychain_service *s, struct err *e) MUST_CHECK;

/* Within an operation of the bus: has a session and a collection, new ones where the
 * service isn't the same any more. ERR_UNAVAILABLE, in Docker's words where it has some;
 * ERR_DEADLINE_EXCEEDED. */
int keychain_service_open(struct keychain_service *s, struct err *e) MUST_CHECK;

/* Has it a session, and the collection that is taken before any other? Both may have gone
 * meanwhile: then calls fail. */
bool keychain_service_is_open(const struct keychain_service *s);

/* Unlocks objects (the collection, items) of a{o}, a NULL-ended list of n paths; a person
 * may be asked. ERR_FAILED_PRECONDITION: they stay locked, and why. */
int keychain_service_unlock(struct keychain_service *s, const char *const *paths,
                            size_t n, struct err *e) MUST_CHECK;
int keychain_service_unlock_collection(struct keychain_service *s,
                                       struct err *e) MUST_CHECK;

/* Unlocks the collection with its password, which only GNOME's keyring lets a program do.
 * ERR_PERMISSION_DENIED: it is wrong; ERR_UNIMPLEMENTED. */
int keychain_service_unlock_with(struct keychain_service *s, const void *password,
                                 size_t size, struct err *e) MUST_CHECK;
int keychain_service_lock(struct keychain_service *s, struct err *e) MUST_CHECK;

/* Is the collection locked? */
int keychain_service_is_locked(struct keychain_service *s, bool *out,
                               struct err *e) MUST_CHECK;

/* Does this keyring take a password from a program (keychain_service_unlock_with)? */
int keychain_service_takes_password(struct keychain_service *s, bool *out,
                                    struct err *e) MUST_CHECK;

/* A method of the service; a call of it. */
int keychain_service_call(struct keychain_service *s, const char *path,
                          const char *interface, const char *name, GVariant *arguments,
                          const char *answer, GVariant **out, struct err *e) MUST_CHECK;

#define SECRETS_PATH "/org/freedesktop/secrets"
#define SECRETS_SERVICE "org.freedesktop.Secret.Service"
#define SECRETS_COLLECTION "org.freedesktop.Secret.Collection"
#define SECRETS_ITEM "org.freedesktop.Secret.Item"
#define DBUS_PROPERTIES "org.freedesktop.DBus.Properties"

/* ---- prompt.c ---- */

/* Lets a person answer a prompt; "/" is none. ERR_FAILED_PRECONDITION: it was dismissed,
 * or nobody answered; ERR_UNAVAILABLE: the service went away meanwhile. */
int keychain_prompt(struct keychain_service *s, const char *path,
                    struct err *e) MUST_CHECK;
