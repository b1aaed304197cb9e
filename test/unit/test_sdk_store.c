/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins that are the local store. */
#include "sdk_engine.h"

struct store {
    char saved[64], removed[64], protected[64];
    bool overwrite, is_open;
};

static int store_get(struct coffer_plugin *p, const char *pattern,
                     struct coffer_answer *answer, void *user, struct coffer_error *e)
{
    struct coffer_secret one = {
        .id = "a/b", .value = (const unsigned char *)"xyz", .size = 3};
    if (strcmp(pattern, one.id) != 0)
        return COFFER_NOT_FOUND;
    return coffer_answer_add(answer, &one, e);
}

static int store_save(struct coffer_plugin *p, const struct coffer_secret *secret,
                      bool overwrite, void *user, struct coffer_error *e)
{
    struct store *s = user;
    snprintf(s->saved, sizeof(s->saved), "%s=%.*s %s=%s", secret->id, (int)secret->size,
             (const char *)secret->value, secret->metadata[0].key,
             secret->metadata[0].value);
    s->overwrite = overwrite;
    return s->is_open ? COFFER_OK : COFFER_LOCKED;
}

static int store_remove(struct coffer_plugin *p, const char *id, void *user,
                        struct coffer_error *e)
{
    return coffer_error_set(e, COFFER_NOT_FOUND, "no %s here", id);
}

static int store_list(struct coffer_plugin *p, const char *pattern,
                      struct coffer_answer *answer, void *user, struct coffer_error *e)
{
    struct coffer_secret one = {
        .id = "a", .value = (const unsigned char *)"leaked", .size = 6};
    return coffer_answer_add(answer, &one, e);
}

static int store_unlock(struct coffer_plugin *p, const unsigned char *passphrase,
                        size_t size, void *user, struct coffer_error *e)
{
    struct store *s = user;
    s->is_open = size == 2 && memcmp(passphrase, "pw", 2) == 0;
    return s->is_open ? COFFER_OK : COFFER_DENIED;
}

static int store_lock(struct coffer_plugin *p, void *user, struct coffer_error *e)
{
    ((struct store *)user)->is_open = false;
    return COFFER_OK;
}

static int store_state(struct coffer_plugin *p, struct coffer_store_state *out,
                       void *user, struct coffer_error *e)
{
    *out = (struct coffer_store_state){
        .kind = "file", .place = "/p", .key = "k", .has_passphrase = true};
    out->is_locked = !((struct store *)user)->is_open;
    return COFFER_OK;
}

static int store_protect(struct coffer_plugin *p, const char *protection,
                         struct coffer_bytes old, struct coffer_bytes new_one, void *user,
                         struct coffer_error *e)
{
    struct store *s = user;
    snprintf(s->protected, sizeof(s->protected), "%s %.*s>%.*s", protection,
             (int)old.size, old.size ? (const char *)old.data : "", (int)new_one.size,
             new_one.size ? (const char *)new_one.data : "");
    return COFFER_OK;
}

static const struct coffer_plugin_callbacks store_callbacks = {
    .size = sizeof(store_callbacks),
    .get = store_get,
    .save = store_save,
    .remove = store_remove,
    .list = store_list,
    .unlock = store_unlock,
    .lock = store_lock,
    .state = store_state,
    .protect = store_protect};

static int call_store(struct engine *g, const char *method, const ProtobufCMessage *m,
                      const ProtobufCMessageDescriptor *type, ProtobufCMessage **out)
{
    char procedure[64];
    snprintf(procedure, sizeof(procedure), "/coffer.v1.StoreService/%s", method);
    struct exchange *x = engine_call(g, procedure, m);
    int r = exchange_result(x, type, out, NULL);
    exchange_free(x);
    return r;
}

static int call_save(struct engine *g)
{
    Coffer__V1__SaveRequest m = COFFER__V1__SAVE_REQUEST__INIT;
    Coffer__V1__SaveRequest__MetadataEntry entry =
        COFFER__V1__SAVE_REQUEST__METADATA_ENTRY__INIT;
    Coffer__V1__SaveRequest__MetadataEntry *entries[] = {&entry};
    ProtobufCMessage *answer = NULL;
    entry.key = literal("k");
    entry.value = literal("v");
    m.id = literal("a/b");
    m.value = (ProtobufCBinaryData){.data = (uint8_t *)literal("xyz"), .len = 3};
    m.metadata = entries;
    m.n_metadata = 1;
    m.overwrite = true;
    int r =
        call_store(g, "Save", &m.base, &coffer__v1__save_response__descriptor, &answer);
    message_free(answer);
    return r;
}

static void a_store_is_written_and_listed(void **state)
{
    struct engine g;
    struct store s = {0};
    Coffer__V1__RemoveRequest gone = COFFER__V1__REMOVE_REQUEST__INIT;
    Coffer__V1__ListRequest all = COFFER__V1__LIST_REQUEST__INIT;
    Coffer__V1__UnlockRequest open = COFFER__V1__UNLOCK_REQUEST__INIT;
    Coffer__V1__LockRequest lock = COFFER__V1__LOCK_REQUEST__INIT;
    ProtobufCMessage *m = NULL;
    engine_begin(&g, &store_callbacks, &s);
    engine_accept(&g);
    assert_int_equal(call_save(&g), ERR_FAILED_PRECONDITION);
    open.passphrase = (ProtobufCBinaryData){.data = (uint8_t *)literal("pw"), .len = 2};
    assert_int_equal(call_store(&g, "Unlock", &open.base,
                                &coffer__v1__unlock_response__descriptor, &m),
                     0);
    message_free(m);
    assert_int_equal(call_save(&g), 0);
    gone.id = literal("x");
    assert_int_equal(call_store(&g, "Remove", &gone.base,
                                &coffer__v1__remove_response__descriptor, &m),
                     ERR_NOT_FOUND);
    all.pattern = literal("**");
    assert_int_equal(
        call_store(&g, "List", &all.base, &coffer__v1__list_response__descriptor, &m), 0);
    const Coffer__V1__ListResponse *found = (const void *)m;
    assert_int_equal(found->n_envelopes, 1);
    assert_string_equal(found->envelopes[0]->id, "a");
    assert_int_equal(found->envelopes[0]->value.len, 0);
    message_free(m);
    assert_int_equal(
        call_store(&g, "Lock", &lock.base, &coffer__v1__lock_response__descriptor, &m),
        0);
    message_free(m);
    engine_shut_down(&g);
    engine_end(&g);
    assert_int_equal(engine_join(&g), COFFER_OK);
    assert_string_equal(s.saved, "a/b=xyz k=v");
    assert_true(s.overwrite);
    assert_false(s.is_open);
}

static void a_store_is_read_described_and_protected(void **state)
{
    struct engine g;
    struct store s = {0};
    Coffer__V1__ReadRequest one = COFFER__V1__READ_REQUEST__INIT;
    Coffer__V1__StateRequest tell = COFFER__V1__STATE_REQUEST__INIT;
    Coffer__V1__ProtectRequest pass = COFFER__V1__PROTECT_REQUEST__INIT;
    const ProtobufCMessageDescriptor *read = &coffer__v1__read_response__descriptor;
    ProtobufCMessage *m = NULL;
    engine_begin(&g, &store_callbacks, &s);
    engine_accept(&g);
    one.id = literal("a/b");
    assert_int_equal(call_store(&g, "Read", &one.base, read, &m), 0);
    const Coffer__V1__ReadResponse *found = (const void *)m;
    assert_int_equal(found->n_envelopes, 1);
    assert_memory_equal(found->envelopes[0]->value.data, "xyz", 3);
    message_free(m);
    one.id = literal("other");
    assert_int_equal(call_store(&g, "Read", &one.base, read, &m), ERR_NOT_FOUND);
    one.id = literal("**");
    assert_int_equal(call_store(&g, "Read", &one.base, read, &m), ERR_INVALID_ARGUMENT);
    assert_int_equal(
        call_store(&g, "State", &tell.base, &coffer__v1__state_response__descriptor, &m),
        0);
    const Coffer__V1__StateResponse *told = (const void *)m;
    assert_string_equal(told->place, "/p");
    assert_true(told->locked && told->has_passphrase);
    message_free(m);
    pass.protection = literal("passphrase");
    pass.new_passphrase =
        (ProtobufCBinaryData){.data = (uint8_t *)literal("pw"), .len = 2};
    assert_int_equal(call_store(&g, "Protect", &pass.base,
                                &coffer__v1__protect_response__descriptor, &m),
                     0);
    message_free(m);
    assert_string_equal(s.protected, "passphrase >pw");
    engine_shut_down(&g);
    engine_end(&g);
    assert_int_equal(engine_join(&g), COFFER_OK);
}

static void a_store_says_so(void **state)
{
    struct engine g;
    struct store s = {0};
    engine_begin(&g, &store_callbacks, &s);
    Plugins__V1__RegisterPluginRequest *m = engine_registration(&g);
    assert_true(m->capabilities->store);
    message_free(&m->base);
    engine_accept(&g);
    engine_shut_down(&g);
    engine_end(&g);
    assert_int_equal(engine_join(&g), COFFER_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_is_written_and_listed),
        cmocka_unit_test(a_store_is_read_described_and_protected),
        cmocka_unit_test(a_store_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
