/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer-plugin-keychain: the desktop's keyring (org.freedesktop.secrets) as the local
 * store, with the same items as Docker's `docker pass`.
 *
 *   group = NAME         what new secrets are filed under; default com.docker.pass.shared
 *   groups = NAME...     what is read too; default: those that Docker is known to use
 *   prompt-timeout = N   seconds that a person has to unlock the keyring; default 30
 *   probe = yes          fail at once where there is no keyring that could be asked
 *   internal = show      hand out the engine's own credentials, too
 */
#include <string.h>

#include "base/str.h"
#include "keychain/keychain.h"
#include "shared/envelope.h"
#include "shared/plugin.h"
#include "json/json.h"

/* Docker's plugin says this of each secret. */
#define SECRET_VERSION "0.0.1"

#define PROMPT_SECONDS_MAX 3600

struct store {
    struct keychain keychain;
    char *names; /* what the groups point into */
    bool has_started;
};

/* ---- configuration ---- */

static bool has_group(const struct keychain_groups *groups, const char *name)
{
    for (size_t i = 0; i < groups->n; i++)
        if (str_equal(groups->names[i], name))
            return true;
    return false;
}

static int add_group(struct keychain_groups *groups, const char *name, struct err *e)
{
    if (has_group(groups, name))
        return 0;
    if (groups->n == KEYCHAIN_GROUPS_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT, "groups: more than %d",
                       KEYCHAIN_GROUPS_MAX);
    if (!g_utf8_validate(name, -1, NULL))
        return err_set(e, ERR_INVALID_ARGUMENT, "groups: not UTF-8");
    groups->names[groups->n++] = name;
    return 0;
}

/* Cuts text at blanks and adds each part. */
static int add_groups(struct keychain_groups *groups, char *text, struct err *e)
{
    static const char blanks[] = " \t,";
    int r = 0;
    for (char *at = text + strspn(text, blanks); !r && *at; at += strspn(at, blanks)) {
        char *name = at;
        at += strcspn(at, blanks);
        if (*at)
            *at++ = '\0';
        r = add_group(groups, name, e);
    }
    return r;
}

static int read_groups(const struct coffer_plugin *plugin, struct store *s,
                       struct keychain_groups *out, struct err *e)
{
    const char *group = coffer_plugin_config(plugin, "group");
    const char *more = coffer_plugin_config(plugin, "groups");
    s->names = str_format("%s %s", group ? group : keychain_known_groups.names[0],
                          more ? more : "");
    if (!s->names)
        return err_no_memory(e);
    int r = add_groups(out, s->names, e);
    for (size_t i = 0; !r && !more && i < keychain_known_groups.n; i++)
        r = add_group(out, keychain_known_groups.names[i], e);
    if (!r && out->n == 0)
        return err_set(e, ERR_INVALID_ARGUMENT, "group: no name");
    return r;
}

static int start(struct coffer_plugin *plugin, void *user, struct coffer_error *e)
{
    struct store *s = user;
    struct keychain_groups groups = {0};
    struct err why;
    int64_t seconds;
    int r = read_groups(plugin, s, &groups, &why);
    if (!r)
        r = plugin_config_number(plugin, "prompt-timeout", 1, PROMPT_SECONDS_MAX,
                                 KEYCHAIN_PROMPT_MS / 1000, &seconds, &why);
    if (r)
        return plugin_fail(r, &why, e);
    keychain_init(&s->keychain, &groups, (int)seconds * 1000);
    s->has_started = true;
    struct waiter w = waiter_of(plugin);
    if (str_equal(coffer_plugin_config(plugin, "probe"), "yes"))
        r = keychain_probe(&s->keychain, &w, &why);
    return plugin_fail(r, &why, e);
}

/* ---- what the engine asks ---- */

static int add(struct coffer_answer *answer, const struct keychain_item *item,
               struct coffer_error *e)
{
    struct coffer_pair pairs[SECRET_METADATA_MAX];
    struct coffer_secret secret = plugin_secret(&item->secret, pairs);
    secret.version = SECRET_VERSION;
    secret.created_at = item->created;
    return coffer_answer_add(answer, &secret, e);
}

static int find(struct coffer_plugin *plugin, const char *text, bool is_get,
                struct coffer_answer *answer, struct store *s, struct coffer_error *e)
{
    struct err why;
    struct waiter w = waiter_of(plugin);
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    cleanup_keychain_items struct keychain_items found = {0};
    int r = pattern_parse(&pattern, text, strlen(text), &why);
    if (!r)
        r = keychain_find(&s->keychain, &w, &pattern, is_get, &found, &why);
    if (r)
        return plugin_fail(r, &why, e);
    for (size_t i = 0; !r && i < found.n; i++)
        if (!is_get || plugin_shows(plugin, found.list[i].secret.id))
            r = add(answer, &found.list[i], e);
    return r;
}

static int get(struct coffer_plugin *plugin, const char *pattern,
               struct coffer_answer *answer, void *user, struct coffer_error *e)
{
    return find(plugin, pattern, true, answer, user, e);
}

static int list(struct coffer_plugin *plugin, const char *pattern,
                struct coffer_answer *answer, void *user, struct coffer_error *e)
{
    return find(plugin, pattern, false, answer, user, e);
}

static int save(struct coffer_plugin *plugin, const struct coffer_secret *secret,
                bool overwrite, void *user, struct coffer_error *e)
{
    struct store *s = user;
    struct err why;
    struct waiter w = waiter_of(plugin);
    cleanup_secret_envelope struct secret_envelope envelope = {0};
    int r = plugin_envelope(secret, &envelope, &why);
    if (!r)
        r = keychain_save(&s->keychain, &w, &envelope, overwrite, &why);
    return plugin_fail(r, &why, e);
}

static int take_away(struct coffer_plugin *plugin, const char *id, void *user,
                     struct coffer_error *e)
{
    struct store *s = user;
    struct err why;
    struct waiter w = waiter_of(plugin);
    int r = keychain_remove(&s->keychain, &w, id, &why);
    return plugin_fail(r, &why, e);
}

static int unlock(struct coffer_plugin *plugin, const unsigned char *passphrase,
                  size_t size, void *user, struct coffer_error *e)
{
    struct store *s = user;
    struct err why;
    struct waiter w = waiter_of(plugin);
    int r = keychain_unlock(&s->keychain, &w, passphrase, size, &why);
    return plugin_fail(r, &why, e);
}

static int lock(struct coffer_plugin *plugin, void *user, struct coffer_error *e)
{
    struct store *s = user;
    struct err why;
    struct waiter w = waiter_of(plugin);
    int r = keychain_lock(&s->keychain, &w, &why);
    return plugin_fail(r, &why, e);
}

static int tell_state(struct coffer_plugin *plugin, struct coffer_store_state *out,
                      void *user, struct coffer_error *e)
{
    struct store *s = user;
    struct err why;
    struct waiter w = waiter_of(plugin);
    struct keychain_state state = {0};
    int r = keychain_state(&s->keychain, &w, &state, &why);
    if (r)
        return plugin_fail(r, &why, e);
    strcpy_cut(out->kind, sizeof(out->kind), "keychain");
    strcpy_cut(out->place, sizeof(out->place), state.collection);
    strcpy_cut(out->key, sizeof(out->key), "the keyring's own password");
    out->is_locked = state.is_locked;
    out->has_passphrase = state.takes_password;
    return COFFER_OK;
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
        .state = tell_state,
    };
    struct store s = {0};
    const struct coffer_plugin_options options = {.size = sizeof(options),
                                                  .name = "keychain",
                                                  .version = "v" COFFER_VERSION,
                                                  .pattern = "**",
                                                  .callbacks = &callbacks,
                                                  .user = &s};
    json_setup();
    int status = plugin_main(&options);
    if (s.has_started)
        keychain_deinit(&s.keychain);
    free(s.names);
    return status;
}
