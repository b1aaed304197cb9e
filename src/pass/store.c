/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/input.h"
#include "pass/prompt.h"
#include "pass/settings.h"
#include "pass/store_move.h"
#include "pass/verb.h"

/* The longest passphrase. */
#define PASSPHRASE_MAX 4096

const struct flag store_set_flags[] = {
    {"move", 0, &flag_switch, "Move all secrets to it", NULL, NULL},
    {0},
};

/* ---- show ---- */

/* Which store there is, in the words of its plugin. */
struct seen {
    char words[256];
};

static int see_store(const struct coffer_plugin_info *plugin, void *user, struct err *e)
{
    struct seen *seen = user;
    bool runs = plugin->status == COFFER_PLUGIN_RUNNING;
    if (str_equal(plugin->name, SECRETS_STORE))
        snprintf(seen->words, sizeof(seen->words), "%s%s",
                 runs ? "" : "not running: ", plugin->status_message);
    return 0;
}

int store_current(struct secrets *s, char out[STORE_WORDS_SIZE], struct err *e)
{
    struct seen seen = {"none"};
    int r = s->ops->each_plugin(s, see_store, &seen, e);
    if (!r)
        strcpy_cut(out, STORE_WORDS_SIZE, seen.words);
    return r;
}

int store_show_run(struct pass *p, struct err *e)
{
    char words[STORE_WORDS_SIZE];
    int r = store_current(p->secrets, words, e);
    if (!r)
        puts(words);
    return r;
}

/* ---- set ---- */

bool store_is_name(const char *name)
{
    return str_equal(name, "file") || str_equal(name, "keychain") ||
           str_equal(name, "auto");
}

int store_switch(struct secrets *s, const char *name, struct err *e)
{
    int r = settings_write("store", name, e);
    return r ? r : s->ops->end(s, e);
}

int store_set_run(struct pass *p, struct err *e)
{
    const char *name = p->argv[0];
    if (!store_is_name(name))
        return err_set(e, ERR_INVALID_ARGUMENT, "%s is no store: keychain, file, or auto",
                       name);
    if (flags_switch(&p->flags, "move"))
        return store_move(p->secrets, name, e);
    return store_switch(p->secrets, name, e);
}

/* ---- lock ---- */

static int read_passphrase(struct buf *out, struct err *e)
{
    if (prompt_is_possible())
        return prompt_secret("Passphrase: ", out, e);
    int r = input_read("-", true, PASSPHRASE_MAX, out, e);
    if (!r && out->len && out->data[out->len - 1] == '\n')
        out->data[--out->len] = '\0';
    return r;
}

int store_unlock_run(struct pass *p, struct err *e)
{
    cleanup_buf struct buf passphrase = BUF_INIT;
    int r = read_passphrase(&passphrase, e);
    return r ? r
             : p->secrets->ops->unlock(p->secrets, buf_str(&passphrase), passphrase.len,
                                       e);
}

int store_lock_run(struct pass *p, struct err *e)
{
    return p->secrets->ops->lock(p->secrets, e);
}
