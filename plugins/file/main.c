/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer-plugin-file: the local store of hosts without a desktop, encrypted files.
 *
 *   folder = PATH     where the secrets are; default: "store" in the data folder
 *   key = PATH        the file with the key; default: "keys/store" in the config folder
 *   internal = show   hand out the engine's own credentials, too
 *
 * The key is made when the first secret is saved. A key file that is encrypted with a
 * passphrase must be unlocked first; then the key stays in guarded memory until it is
 * locked again or the plugin ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/home.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "file/key.h"
#include "filestore/filestore.h"
#include "shared/envelope.h"
#include "shared/plugin.h"
#include "json/json.h"

struct store {
    char *folder;
    struct filestore *files;
    struct store_key key;
};

/* ---- what the engine asks ---- */

static int add(struct coffer_answer *answer, const struct secret_envelope *from,
               struct coffer_error *e)
{
    struct coffer_pair pairs[SECRET_METADATA_MAX];
    struct coffer_secret secret = plugin_secret(from, pairs);
    secret.created_at = from->created_at.seconds;
    return coffer_answer_add(answer, &secret, e);
}

/* Is there nothing that a key would be needed for? */
static int is_empty(const struct store *s, bool *out, struct err *e)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    cleanup_pattern struct pattern all = PATTERN_INIT;
    int r = pattern_parse(&all, "**", 2, e);
    if (!r)
        r = filestore_list(s->files, &all, NULL, &found, e);
    *out = !found.len;
    return r;
}

/* Without a key there are no values: nothing was ever saved, or the key was lost. */
static int find_without_key(const struct store *s, const struct pattern *pattern,
                            struct err *e)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    int r = filestore_list(s->files, pattern, NULL, &found, e);
    return r || !found.len ? r : store_key_missing(&s->key, e);
}

static int find(struct store *s, const char *text, bool with_values,
                struct secret_envelopes *out, struct err *e)
{
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    struct err why;
    int r = pattern_parse(&pattern, text, strlen(text), e);
    if (r)
        return r;
    if (!with_values)
        return filestore_list(s->files, &pattern, NULL, out, e);
    r = store_key_need(&s->key, &why);
    if (r == ERR_NOT_FOUND)
        return find_without_key(s, &pattern, e);
    struct age_keys keys = {&s->key.key, 1, NULL};
    if (!r)
        return filestore_list(s->files, &pattern, &keys, out, e);
    *e = why;
    return r;
}

static int get(struct coffer_plugin *plugin, const char *pattern,
               struct coffer_answer *answer, void *user, struct coffer_error *e)
{
    struct err why;
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    int r = plugin_fail(find(user, pattern, true, &found, &why), &why, e);
    for (size_t i = 0; !r && i < found.len; i++)
        if (plugin_shows(plugin, found.items[i].id))
            r = add(answer, &found.items[i], e);
    return r;
}

static int list(struct coffer_plugin *plugin, const char *pattern,
                struct coffer_answer *answer, void *user, struct coffer_error *e)
{
    struct err why;
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    int r = plugin_fail(find(user, pattern, false, &found, &why), &why, e);
    for (size_t i = 0; !r && i < found.len; i++)
        r = add(answer, &found.items[i], e);
    return r;
}

static int save(struct coffer_plugin *plugin, const struct coffer_secret *secret,
                bool overwrite, void *user, struct coffer_error *e)
{
    struct store *s = user;
    struct err why;
    cleanup_secret_envelope struct secret_envelope envelope = {0};
    bool empty = false; /* a store that has a key isn't asked */
    int r = plugin_envelope(secret, &envelope, &why);
    if (!r)
        r = store_key_need(&s->key, &why);
    if (r == ERR_NOT_FOUND)
        r = is_empty(s, &empty, &why);
    if (!r)
        r = store_key_need_to_write(&s->key, empty, &why);
    if (!r)
        r = filestore_save(s->files, &envelope, overwrite,
                           age_identity_recipient(s->key.key), 1, &why);
    return plugin_fail(r, &why, e);
}

static int take_away(struct coffer_plugin *plugin, const char *id, void *user,
                     struct coffer_error *e)
{
    struct store *s = user;
    struct err why;
    int r = filestore_remove(s->files, id, &why);
    return plugin_fail(r, &why, e);
}

static int unlock(struct coffer_plugin *plugin, const unsigned char *passphrase,
                  size_t size, void *user, struct coffer_error *e)
{
    struct store *s = user;
    struct err why;
    int r = store_key_unlock(&s->key, passphrase, size, &why);
    return plugin_fail(r, &why, e);
}

static int lock(struct coffer_plugin *plugin, void *user, struct coffer_error *e)
{
    struct store *s = user;
    store_key_lock(&s->key);
    return COFFER_OK;
}

static int tell_state(struct coffer_plugin *plugin, struct coffer_store_state *out,
                      void *user, struct coffer_error *e)
{
    struct store *s = user;
    struct err why;
    strcpy_cut(out->kind, sizeof(out->kind), "file");
    strcpy_cut(out->place, sizeof(out->place), s->folder);
    bool empty;
    int r = is_empty(s, &empty, &why);
    if (!r)
        r = store_key_describe(&s->key, empty, out, &why);
    return plugin_fail(r, &why, e);
}

static int protect(struct coffer_plugin *plugin, const char *protection,
                   struct coffer_bytes old, struct coffer_bytes new_one, void *user,
                   struct coffer_error *e)
{
    struct store *s = user;
    struct err why;
    struct age_passphrase old_pass = {old.data, old.size, AGE_WORK_DEFAULT};
    struct age_passphrase new_pass = {new_one.data, new_one.size, AGE_WORK_DEFAULT};
    bool empty;
    int r = is_empty(s, &empty, &why);
    if (!r)
        r = store_key_protect(&s->key, protection, old_pass, new_pass, empty, &why);
    return plugin_fail(r, &why, e);
}

/* ---- life ---- */

/* The configured path, else "store" in the data folder. */
static int find_folder(const char *configured, char **out, struct err *e)
{
    cleanup_free char *base = NULL;
    int r = str_is_empty(configured) ? home_data_folder(&base, e) : 0;
    if (r)
        return r;
    *out = base ? str_format("%s/store", base) : str_format("%s", configured);
    return *out ? 0 : err_no_memory(e);
}

static int start(struct coffer_plugin *plugin, void *user, struct coffer_error *e)
{
    struct store *s = user;
    struct err why;
    int r = find_folder(coffer_plugin_config(plugin, "folder"), &s->folder, &why);
    if (!r)
        r = store_key_init(&s->key, coffer_plugin_config(plugin, "key"), &why);
    if (!r)
        r = filestore_open(s->folder, &s->files, &why);
    return plugin_fail(r, &why, e);
}

static void finish(struct store *s)
{
    filestore_free(s->files);
    store_key_deinit(&s->key);
    free(s->folder);
}

int main(void)
{
    static const struct coffer_plugin_callbacks callbacks = {
        .size = sizeof(callbacks),
        .start = start,
        .get = get,
        .save = save,
        .remove = take_away,
        .list = list,
        .unlock = unlock,
        .lock = lock,
        .state = tell_state,
        .protect = protect,
    };
    struct store s = {0};
    const struct coffer_plugin_options options = {.size = sizeof(options),
                                                  .name = "file",
                                                  .version = "v" COFFER_VERSION,
                                                  .pattern = "**",
                                                  .callbacks = &callbacks,
                                                  .user = &s};
    json_setup();
    if (!plugin_harden() || crypto_init(NULL)) {
        fputs("coffer-plugin-file: the process can't be made safe\n", stderr);
        return EXIT_FAILURE;
    }
    int status = plugin_main(&options);
    finish(&s);
    return status;
}
