/* SPDX-License-Identifier: Apache-2.0 */
/* The local store of coffer's engine. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "resolver/envelope.h"
#include "resolver/secret_id.h"
#include "sdk/client.h"
#include "sdk/secrets.h"
#include "secrets/store.pb-c.h"

#define SERVICE "/coffer.v1.StoreService/"

static const struct sdk_procedure save = {SERVICE "Save",
                                          &coffer__v1__save_response__descriptor};
static const struct sdk_procedure erase = {SERVICE "Remove",
                                           &coffer__v1__remove_response__descriptor};
static const struct sdk_procedure list = {SERVICE "List",
                                          &coffer__v1__list_response__descriptor};
static const struct sdk_procedure read_one = {SERVICE "Read",
                                              &coffer__v1__read_response__descriptor};
static const struct sdk_procedure state = {SERVICE "State",
                                           &coffer__v1__state_response__descriptor};
static const struct sdk_procedure protect = {SERVICE "Protect",
                                             &coffer__v1__protect_response__descriptor};
static const struct sdk_procedure unlock = {SERVICE "Unlock",
                                            &coffer__v1__unlock_response__descriptor};
static const struct sdk_procedure lock = {SERVICE "Lock",
                                          &coffer__v1__lock_response__descriptor};

/* A call whose answer says nothing but that it is done. */
static int do_call(const struct coffer_client *client, const struct sdk_procedure *p,
                   const ProtobufCMessage *request, struct err *e)
{
    cleanup_message ProtobufCMessage *m = NULL;
    return sdk_client_ask(client, p, request, &m, e);
}

static int check_id(const char *id, struct err *e)
{
    int r = secret_id_check(id ? id : "", id ? strlen(id) : 0, e);
    return r == ERR_RESOURCE_EXHAUSTED ? err_wrap(e, ERR_INVALID_ARGUMENT, "id") : r;
}

/* ---- save ---- */

static int check_pair(const struct coffer_pair *pair, struct err *e)
{
    if (!pair->key || !pair->value)
        return err_set(e, ERR_INVALID_ARGUMENT, "metadata without a key or value");
    if (str_equal(pair->key, SECRET_METADATA_DAMAGED))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "metadata %s is for secrets that can't be read", pair->key);
    return 0;
}

/* Checks against the limits by putting it where it must fit. */
static int check_metadata(const struct coffer_pair *pairs, size_t n, struct err *e)
{
    cleanup_secret_envelope struct secret_envelope envelope = {0};
    int r = 0;
    for (size_t i = 0; i < n && !r; i++) {
        r = check_pair(&pairs[i], e);
        r = r ?: secret_envelope_put(&envelope, pairs[i].key, pairs[i].value, e);
    }
    return r == ERR_RESOURCE_EXHAUSTED ? err_wrap(e, ERR_INVALID_ARGUMENT, "metadata")
                                       : r;
}

static int check_save(const char *id, const unsigned char *value, size_t size,
                      const struct coffer_pair *pairs, size_t n, struct err *e)
{
    int r = check_id(id, e);
    if (!r && size > SECRET_VALUE_MAX)
        r = err_set(e, ERR_INVALID_ARGUMENT, "the value of %s is over %d bytes long", id,
                    SECRET_VALUE_MAX);
    if (!r && size && !value)
        r = err_set(e, ERR_INVALID_ARGUMENT, "no value");
    return r ? r : check_metadata(pairs, n, e);
}

/* Entries of a map, and the pointers to them that the message wants. */
struct entries {
    Coffer__V1__SaveRequest__MetadataEntry *items;
    Coffer__V1__SaveRequest__MetadataEntry **pointers;
};

static void entries_deinit(struct entries *e)
{
    free(e->items);
    free(e->pointers);
}

static int entries_make(const struct coffer_pair *pairs, size_t n, struct entries *out,
                        struct err *e)
{
    if (n == 0)
        return 0;
    out->items = calloc(n, sizeof(*out->items));
    out->pointers = calloc(n, sizeof(*out->pointers));
    if (!out->items || !out->pointers)
        return err_no_memory(e);
    for (size_t i = 0; i < n; i++) {
        coffer__v1__save_request__metadata_entry__init(&out->items[i]);
        out->items[i].key = sdk_borrowed(pairs[i].key);
        out->items[i].value = sdk_borrowed(pairs[i].value);
        out->pointers[i] = &out->items[i];
    }
    return 0;
}

int coffer_client_save(struct coffer_client *client, const char *id,
                       const unsigned char *value, size_t size,
                       const struct coffer_pair *metadata, size_t metadata_count,
                       bool overwrite, struct coffer_error *e)
{
    Coffer__V1__SaveRequest request = COFFER__V1__SAVE_REQUEST__INIT;
    CLEANUP(entries_deinit) struct entries entries = {0};
    struct err why = {0};
    int r = check_save(id, value, size, metadata, metadata_count, &why);
    if (!r)
        r = entries_make(metadata, metadata_count, &entries, &why);
    if (r)
        return sdk_error(e, r, &why);
    request.id = sdk_borrowed(id);
    request.value =
        (ProtobufCBinaryData){.len = size, .data = (void *)sdk_borrowed(value)};
    request.metadata = entries.pointers;
    request.n_metadata = metadata_count;
    request.overwrite = overwrite;
    return sdk_error(e, do_call(client, &save, &request.base, &why), &why);
}

/* ---- the others ---- */

int coffer_client_remove(struct coffer_client *client, const char *id,
                         struct coffer_error *e)
{
    Coffer__V1__RemoveRequest request = COFFER__V1__REMOVE_REQUEST__INIT;
    struct err why = {0};
    int r = check_id(id, &why);
    request.id = sdk_borrowed(id);
    if (!r)
        r = do_call(client, &erase, &request.base, &why);
    return sdk_error(e, r, &why);
}

static int list_all(const struct coffer_client *client, const char *pattern,
                    struct coffer_secrets **out, struct err *e)
{
    Coffer__V1__ListRequest request = COFFER__V1__LIST_REQUEST__INIT;
    cleanup_message ProtobufCMessage *m = NULL;
    int r = sdk_check_pattern(pattern, e);
    request.pattern = sdk_borrowed(pattern);
    if (!r)
        r = sdk_client_ask(client, &list, &request.base, &m, e);
    if (r)
        return r;
    Coffer__V1__ListResponse *answer = (void *)m;
    return sdk_secrets_new_list(&answer->envelopes, &answer->n_envelopes, out, e);
}

int coffer_client_list(struct coffer_client *client, const char *pattern,
                       struct coffer_secrets **out, struct coffer_error *e)
{
    struct err why = {0};
    return sdk_error(e, list_all(client, pattern, out, &why), &why);
}

static int read_id(const struct coffer_client *client, const char *id,
                   struct coffer_secrets **out, struct err *e)
{
    Coffer__V1__ReadRequest request = COFFER__V1__READ_REQUEST__INIT;
    cleanup_message ProtobufCMessage *m = NULL;
    int r = check_id(id, e);
    request.id = sdk_borrowed(id);
    if (!r)
        r = sdk_client_ask(client, &read_one, &request.base, &m, e);
    if (r)
        return r;
    Coffer__V1__ReadResponse *answer = (void *)m;
    if (answer->n_envelopes != 1 || !str_equal(answer->envelopes[0]->id, id))
        return err_set(e, ERR_BAD_MESSAGE, "the engine doesn't answer with secret %s",
                       id);
    return sdk_secrets_new(&answer->envelopes, &answer->n_envelopes, out, e);
}

int coffer_client_read(struct coffer_client *client, const char *id,
                       struct coffer_secrets **out, struct coffer_error *e)
{
    struct err why = {0};
    return sdk_error(e, read_id(client, id, out, &why), &why);
}

int coffer_client_store_state(struct coffer_client *client,
                              struct coffer_store_state *out, struct coffer_error *e)
{
    Coffer__V1__StateRequest request = COFFER__V1__STATE_REQUEST__INIT;
    cleanup_message ProtobufCMessage *m = NULL;
    struct err why = {0};
    int r = sdk_client_ask(client, &state, &request.base, &m, &why);
    if (r)
        return sdk_error(e, r, &why);
    const Coffer__V1__StateResponse *answer = (const void *)m;
    *out = (struct coffer_store_state){.is_locked = answer->locked,
                                       .has_passphrase = answer->has_passphrase};
    strcpy_cut(out->kind, sizeof(out->kind), answer->kind);
    strcpy_cut(out->place, sizeof(out->place), answer->place);
    strcpy_cut(out->key, sizeof(out->key), answer->key);
    return COFFER_OK;
}

/* ---- its key ---- */

static bool is_passphrase(struct coffer_bytes b)
{
    return b.size <= SECRET_VALUE_MAX && (!b.size || b.data);
}

static ProtobufCBinaryData borrow(struct coffer_bytes b)
{
    return (ProtobufCBinaryData){.len = b.size, .data = (void *)sdk_borrowed(b.data)};
}

int coffer_client_protect(struct coffer_client *client, const char *protection,
                          struct coffer_bytes old, struct coffer_bytes new_one,
                          struct coffer_error *e)
{
    Coffer__V1__ProtectRequest request = COFFER__V1__PROTECT_REQUEST__INIT;
    struct err why = {0};
    if (!protection || !is_passphrase(old) || !is_passphrase(new_one))
        return coffer_error_set(e, COFFER_INVALID,
                                "no protection, or a passphrase too long");
    request.protection = sdk_borrowed(protection);
    request.old_passphrase = borrow(old);
    request.new_passphrase = borrow(new_one);
    return sdk_error(e, do_call(client, &protect, &request.base, &why), &why);
}

int coffer_client_unlock(struct coffer_client *client, const unsigned char *passphrase,
                         size_t size, struct coffer_error *e)
{
    Coffer__V1__UnlockRequest request = COFFER__V1__UNLOCK_REQUEST__INIT;
    struct err why = {0};
    if (size > SECRET_VALUE_MAX || (size && !passphrase))
        return coffer_error_set(e, COFFER_INVALID, "no passphrase, or one too long");
    request.passphrase =
        (ProtobufCBinaryData){.len = size, .data = (void *)sdk_borrowed(passphrase)};
    return sdk_error(e, do_call(client, &unlock, &request.base, &why), &why);
}

int coffer_client_lock(struct coffer_client *client, struct coffer_error *e)
{
    Coffer__V1__LockRequest request = COFFER__V1__LOCK_REQUEST__INIT;
    struct err why = {0};
    return sdk_error(e, do_call(client, &lock, &request.base, &why), &why);
}
