/* SPDX-License-Identifier: Apache-2.0 */
#include "file/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/home.h"
#include "base/mem.h"
#include "base/str.h"

#define NAME "keys/store" /* new ones are written beside it: in a folder of their own */
#define OLD_NAME "key"    /* where it was when the settings were beside it */
#define GIVEN_FOLDER "CREDENTIALS_DIRECTORY"
#define GIVEN_NAME "coffer-key"

/* ---- where it is ---- */

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* The path of the one that systemd gives, if it does; *out stays NULL else. */
static int find_given(char **out)
{
    const char *folder = getenv(GIVEN_FOLDER);
    if (str_is_empty(folder))
        return 0;
    cleanup_free char *path = str_format("%s/" GIVEN_NAME, folder);
    if (!path)
        return ERR_NO_MEMORY;
    if (is_there(path))
        *out = TAKE(path);
    return 0;
}

static int find_own(struct store_key *k, struct err *e)
{
    cleanup_free char *folder = NULL, *own = NULL, *old = NULL, *given = NULL;
    int r = home_config_folder(&folder, e);
    if (r)
        return r;
    own = str_format("%s/" NAME, folder);
    old = str_format("%s/" OLD_NAME, folder);
    if (!own || !old)
        return err_no_memory(e);
    if (!is_there(own) && is_there(old)) {
        k->place = TAKE(own);
        k->path = TAKE(old);
        return 0;
    }
    if (!is_there(own) && find_given(&given))
        return err_no_memory(e);
    k->is_given = given;
    k->path = given ? TAKE(given) : TAKE(own);
    return 0;
}

/* Has its user moved it meanwhile? A confined plugin may read it in its old place, but
 * neither move nor change it there. */
static void look_again(struct store_key *k)
{
    if (!k->place || is_there(k->path) || !is_there(k->place))
        return;
    free(k->path);
    k->path = TAKE(k->place);
}

static int refuse_old(const struct store_key *k, struct err *e)
{
    return err_set(
        e, ERR_FAILED_PRECONDITION,
        "the key is where an earlier version had it, and is changed only in its "
        "new place: mv %s %s",
        k->path, k->place);
}

int store_key_init(struct store_key *k, const char *configured, struct err *e)
{
    *k = (struct store_key){0};
    if (str_is_empty(configured))
        return find_own(k, e);
    k->path = str_format("%s", configured);
    return k->path ? 0 : err_no_memory(e);
}

void store_key_deinit(struct store_key *k)
{
    store_key_lock(k);
    free(TAKE(k->path));
    free(TAKE(k->place));
}

/* ---- using it ---- */

static int read_key(struct store_key *k, const struct age_passphrase *pass,
                    struct age_identity **out, struct err *e)
{
    look_again(k);
    return k->is_given ? filestore_key_read_given(k->path, out, e)
                       : filestore_key_read(k->path, pass, out, e);
}

static void take_key(struct store_key *k, struct age_identity *key)
{
    age_identity_free(k->key);
    k->key = key;
}

int store_key_need(struct store_key *k, struct err *e)
{
    return k->key ? 0 : read_key(k, NULL, &k->key, e);
}

int store_key_missing(const struct store_key *k, struct err *e)
{
    return err_set(e, ERR_DATA_LOSS,
                   "%s is missing, the key of the secrets that are in the store: put it "
                   "back",
                   k->path);
}

/* Another process may make the key at the same time: then it is that one's. */
int store_key_need_to_write(struct store_key *k, bool is_empty, struct err *e)
{
    int r = store_key_need(k, e);
    if (r != ERR_NOT_FOUND)
        return r;
    if (!is_empty)
        return store_key_missing(k, e);
    r = filestore_key_create(k->path, FILESTORE_CLEAR, NULL, &k->key, e);
    return r == ERR_ALREADY_EXISTS ? store_key_need(k, e) : r;
}

int store_key_unlock(struct store_key *k, const void *passphrase, size_t n, struct err *e)
{
    struct age_passphrase pass = {passphrase, n, AGE_WORK_MAX};
    struct age_identity *key;
    if (n == 0)
        return store_key_need(k, e);
    int r = read_key(k, &pass, &key, e);
    if (!r)
        take_key(k, key);
    return r;
}

void store_key_lock(struct store_key *k)
{
    take_key(k, NULL);
}

/* ---- protecting it ---- */

static const char *const protections[] = {
    [FILESTORE_CLEAR] = "clear",
    [FILESTORE_PASSPHRASE] = "passphrase",
    [FILESTORE_CREDENTIAL] = "systemd-creds",
};

static int read_protection(const char *name, enum filestore_protection *out,
                           struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(protections); i++)
        if (str_equal(protections[i], name)) {
            *out = (enum filestore_protection)i;
            return 0;
        }
    return err_set(
        e, ERR_INVALID_ARGUMENT,
        "a key is protected by a passphrase, by systemd-creds, or is in clear");
}

static int check_new(enum filestore_protection wanted, const struct age_passphrase *pass,
                     struct err *e)
{
    if (wanted == FILESTORE_PASSPHRASE && !pass->n)
        return err_set(e, ERR_INVALID_ARGUMENT, "the new passphrase is empty");
    if (wanted != FILESTORE_PASSPHRASE && pass->n)
        return err_set(e, ERR_INVALID_ARGUMENT, "a passphrase that isn't used");
    if (pass->n > PASSPHRASE_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT, "a passphrase has at most %d bytes",
                       PASSPHRASE_MAX);
    return 0;
}

/* An unlocked store isn't enough: who has found it so must not lock its owner out. */
static int read_old(const struct store_key *k, struct age_passphrase old_pass,
                    struct age_identity **out, struct err *e)
{
    enum filestore_protection now;
    int r = filestore_key_protection(k->path, &now, e);
    if (r)
        return r;
    if (now != FILESTORE_PASSPHRASE && old_pass.n)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "%s has no passphrase, and an old one was given", k->path);
    old_pass.work = AGE_WORK_MAX;
    return filestore_key_read(k->path, old_pass.n ? &old_pass : NULL, out, e);
}

int store_key_protect(struct store_key *k, const char *protection,
                      struct age_passphrase old_pass, struct age_passphrase new_pass,
                      bool is_empty, struct err *e)
{
    enum filestore_protection wanted = FILESTORE_CLEAR;
    struct age_identity *key = NULL;
    int r = read_protection(protection, &wanted, e);
    if (!r)
        r = check_new(wanted, &new_pass, e);
    if (!r && k->is_given)
        r = err_set(e, ERR_FAILED_PRECONDITION,
                    "systemd gives the key to the engine (%s): change it there", k->path);
    look_again(k);
    if (!r && k->place)
        r = refuse_old(k, e);
    if (r)
        return r;
    r = read_old(k, old_pass, &key, e);
    if (r == ERR_NOT_FOUND)
        r = is_empty ? filestore_key_create(k->path, wanted, &new_pass, &key, e)
                     : store_key_missing(k, e);
    else if (!r)
        r = filestore_key_write(k->path, key, wanted, &new_pass, e);
    if (r)
        age_identity_free(key);
    else
        take_key(k, key);
    return r;
}

/* ---- telling of it ---- */

int store_key_describe(struct store_key *k, bool is_empty, struct coffer_store_state *out,
                       struct err *e)
{
    static const char *const how[] = {
        [FILESTORE_CLEAR] = "in clear",
        [FILESTORE_PASSPHRASE] = "encrypted with a passphrase",
        [FILESTORE_CREDENTIAL] = "encrypted by systemd-creds",
    };
    enum filestore_protection protection = FILESTORE_CLEAR;
    look_again(k);
    int r = filestore_key_protection(k->path, &protection, e);
    if (r && r != ERR_NOT_FOUND)
        return r;
    if (r && !is_empty)
        return store_key_missing(k, e);
    const char *state = r             ? "made when the first secret is saved"
                        : k->is_given ? "given by systemd"
                                      : how[protection];
    snprintf(out->key, sizeof(out->key), "%s (%s%s%s)", k->path, state,
             k->place ? "; its place is now " : "", k->place ? k->place : "");
    out->has_passphrase = !r && protection == FILESTORE_PASSPHRASE;
    out->is_locked = !k->key && out->has_passphrase;
    return r || out->is_locked ? 0 : store_key_need(k, e);
}
