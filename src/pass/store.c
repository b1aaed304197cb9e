/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "pass/settings.h"
#include "pass/store_move.h"
#include "pass/store_note.h"
#include "pass/verb.h"

#define INTERRUPTED                                                                      \
    "a move from %s to %s was interrupted: finish it by: store set --move %s"

const struct flag store_set_flags[] = {
    {"move", 0, &flag_switch, "Move all secrets to it", NULL, NULL},
    {"passphrase-file", 0, &flag_string,
     "Read the passphrase of a locked store from the first line of a file", NULL, NULL},
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

/* A store that doesn't tell more has told all. */
static int show_state(struct pass *p, struct err *e)
{
    struct coffer_store_state state;
    int r = p->secrets->ops->state(p->secrets, &state, e);
    if (r)
        return r == ERR_UNIMPLEMENTED ? 0 : r;
    if (*state.place)
        printf("  place: %s\n", state.place);
    if (*state.key)
        printf("  key: %s\n", state.key);
    printf("  state: %s\n", state.is_locked ? "locked" : "open");
    return 0;
}

static int show_move(struct err *e)
{
    struct store_note open;
    bool is_open;
    int r = store_note_read(&open, &is_open, e);
    if (!r && is_open)
        printf("  " INTERRUPTED "\n", open.from, open.to, open.to);
    return r;
}

int store_show_run(struct pass *p, struct err *e)
{
    char words[STORE_WORDS_SIZE];
    int r = store_current(p->secrets, words, e);
    if (r)
        return r;
    puts(words);
    r = show_state(p, e);
    return r ? r : show_move(e);
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
    cleanup_fd int lock = -1;
    if (!store_is_name(name))
        return err_set(e, ERR_INVALID_ARGUMENT, "%s is no store: keychain, file, or auto",
                       name);
    int r = store_note_lock(&lock, e);
    if (r)
        return r;
    if (flags_switch(&p->flags, "move"))
        return store_move(p, name, e);
    struct store_note open;
    bool is_open;
    r = store_note_read(&open, &is_open, e);
    if (!r && is_open)
        r = err_set(e, ERR_FAILED_PRECONDITION, INTERRUPTED, open.from, open.to, open.to);
    if (r)
        return r;
    return store_switch(p->secrets, name, e);
}
