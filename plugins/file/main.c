/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer-plugin-file: the local store of hosts without a desktop, encrypted files.
 *
 *   folder = PATH     where the secrets are; default: "store" in the data folder
 *   key = PATH        the file with the key; default: "key" in the config folder
 *   internal = show   hand out the engine's own credentials, too
 *
 * The key is made when the first secret is saved. A key file that is encrypted with a
 * passphrase must be unlocked first; then the key stays in guarded memory until it is
 * locked again or the plugin ends.
 *
 *   coffer-plugin-file passphrase [KEY]
 *
 * isn't a plugin: it gives the key another passphrase (passphrase.h), which it reads from
 * its standard input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/home.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "file/passphrase.h"
#include "filestore/filestore.h"
#include "shared/envelope.h"
#include "shared/plugin.h"
#include "json/json.h"

struct store {
    char *folder, *key_path;
    struct filestore *files;
    struct age_identity *key; /* NULL: locked, or there is none yet */
};

/* ---- the key ---- */

/* Has the key, from its file; ERR_NOT_FOUND when none was made yet. */
static int need_key(struct store *s, struct err *e)
{
    if (s->key)
        return 0;
    return filestore_key_read(s->key_path, NULL, &s->key, e);
}

/* Another process may make the key at the same time: then it is that one's. */
static int need_key_to_write(struct store *s, struct err *e)
{
    int r = need_key(s, e);
    if (r == ERR_NOT_FOUND)
        r = filestore_key_create(s->key_path, NULL, &s->key, e);
    return r == ERR_ALREADY_EXISTS ? need_key(s, e) : r;
}

/* ---- what the engine asks ---- */

static int add(struct coffer_answer *answer, const struct secret_envelope *from,
               struct coffer_error *e)
{
    struct coffer_pair pairs[SECRET_METADATA_MAX];
    struct coffer_secret secret = plugin_secret(from, pairs);
    return coffer_answer_add(answer, &secret, e);
}

static int find(struct store *s, const char *text, bool with_values,
                struct secret_envelopes *out, struct err *e)
{
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    struct age_keys keys = {&s->key, 1, NULL};
    int r = pattern_parse(&pattern, text, strlen(text), e);
    if (!r && with_values)
        r = need_key(s, e);
    if (r == ERR_NOT_FOUND)
        return 0; /* without a key nothing was ever saved */
    return r ? r : filestore_list(s->files, &pattern, with_values ? &keys : NULL, out, e);
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
    int r = plugin_envelope(secret, &envelope, &why);
    if (!r)
        r = need_key_to_write(s, &why);
    if (!r)
        r = filestore_save(s->files, &envelope, overwrite, age_identity_recipient(s->key),
                           1, &why);
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
    struct age_passphrase pass = {passphrase, size, AGE_WORK_MAX};
    struct age_identity *key;
    int r = filestore_key_read(s->key_path, &pass, &key, &why);
    if (r)
        return plugin_fail(r, &why, e);
    age_identity_free(s->key);
    s->key = key;
    return COFFER_OK;
}

static int lock(struct coffer_plugin *plugin, void *user, struct coffer_error *e)
{
    struct store *s = user;
    age_identity_free(s->key);
    s->key = NULL;
    return COFFER_OK;
}

/* ---- life ---- */

/* The configured path, else `name` in a folder. */
static int path_of(const char *configured, int (*folder)(char **out, struct err *e),
                   const char *name, char **out, struct err *e)
{
    cleanup_free char *base = NULL;
    int r = str_is_empty(configured) ? folder(&base, e) : 0;
    if (r)
        return r;
    *out = base ? str_format("%s/%s", base, name) : str_format("%s", configured);
    return *out ? 0 : err_no_memory(e);
}

static int start(struct coffer_plugin *plugin, void *user, struct coffer_error *e)
{
    struct store *s = user;
    struct err why;
    int r = path_of(coffer_plugin_config(plugin, "folder"), home_data_folder, "store",
                    &s->folder, &why);
    if (!r)
        r = path_of(coffer_plugin_config(plugin, "key"), home_config_folder, "key",
                    &s->key_path, &why);
    if (!r)
        r = filestore_open(s->folder, &s->files, &why);
    return plugin_fail(r, &why, e);
}

static void finish(struct store *s)
{
    filestore_free(s->files);
    age_identity_free(s->key);
    free(s->folder);
    free(s->key_path);
}

static int change_passphrase(const char *configured)
{
    struct err e;
    cleanup_free char *path = NULL;
    int r = path_of(configured, home_config_folder, "key", &path, &e);
    if (!r)
        r = passphrase_change(path, STDIN_FILENO, &e);
    if (r)
        fprintf(stderr, "coffer-plugin-file: %s\n", err_text(&e));
    return r ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
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
    if (argc > 1 && str_equal(argv[1], "passphrase"))
        return change_passphrase(argc > 2 ? argv[2] : NULL);
    int status = plugin_main(&options);
    finish(&s);
    return status;
}
