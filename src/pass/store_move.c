/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/store_move.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "pass/store_note.h"

/*
 * The engine answers for one store at a time, and is started anew for each:
 *
 *   read all in FROM -> copy to TO, compare there -> remove in FROM -> use TO
 */
struct move {
    struct pass *p;
    struct store_note note;
    struct secret_envelopes list; /* what is moved, with its values */
    struct buf passphrase;
    size_t differ; /* how many TO has others of */
};

static const struct secrets_ops *ops_of(const struct move *m)
{
    return m->p->secrets->ops;
}

/* For who waits at a terminal. */
static void show_progress(const char *what, size_t done, size_t all)
{
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r%s %zu of %zu", what, done, all);
    if (done == all)
        fputc('\n', stderr);
}

/* The first word: the name of a store. */
static void cut_name(char words[STORE_WORDS_SIZE])
{
    words[strspn(words, "abcdefghijklmnopqrstuvwxyz")] = '\0';
}

/* An engine may have been started with another setting than that of the file: then its
 * secrets would be taken for copies of themselves. */
static int check_used(struct move *m, const char *store, struct err *e)
{
    char words[STORE_WORDS_SIZE], name[STORE_WORDS_SIZE];
    int r = store_current(m->p->secrets, words, e);
    if (r)
        return r;
    strcpy_cut(name, sizeof(name), words);
    cut_name(name);
    if (str_equal(name, store))
        return 0;
    return err_set(e, ERR_FAILED_PRECONDITION,
                   "the engine doesn't use the store %s, as its settings say, but: %s",
                   store, words);
}

static int use(struct move *m, const char *store, struct err *e)
{
    int r = store_switch(m->p->secrets, store, e);
    r = r ?: check_used(m, store, e);
    return r ?: store_open(m->p, &m->passphrase, e);
}

/* ---- reading ---- */

static int read_value(struct move *m, struct secret_envelope *secret, size_t *total,
                      struct err *e)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    int r = ops_of(m)->read(m->p->secrets, secret->id, &found, e);
    if (r)
        return err_wrap(e, r, "reading %s", secret->id);
    *total += found.items[0].value.len;
    if (*total > STORE_MOVE_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "the store is too large to be moved at once");
    return secret_envelope_set_value(secret, found.items[0].value.data,
                                     found.items[0].value.len, e);
}

/* Lists them, the engine's own credentials too, and fills each with its value. */
static int read_all(struct move *m, struct err *e)
{
    size_t total = 0;
    int r = ops_of(m)->list(m->p->secrets, "**", &m->list, e);
    for (size_t i = 0; i < m->list.len && !r; i++) {
        r = read_value(m, &m->list.items[i], &total, e);
        show_progress("reading", i + 1, m->list.len);
    }
    return r;
}

/* ---- copying ---- */

/* Another store may have more of its own. */
static bool has_metadata_of(const struct secret_envelope *s,
                            const struct secret_envelope *old)
{
    bool has_all = true;
    for (size_t i = 0; i < old->n_metadata && has_all; i++) {
        const struct secret_metadata *m = &old->metadata[i];
        has_all = str_equal(secret_envelope_get(s, m->key), m->value);
    }
    return has_all;
}

/* Is it in the store that is used now as it was read? */
static int is_same(struct move *m, const struct secret_envelope *old, bool *same,
                   struct err *e)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    int r = ops_of(m)->read(m->p->secrets, old->id, &found, e);
    if (r)
        return r;
    const struct buf *value = &found.items[0].value;
    *same = value->len == old->value.len &&
            memcmp(buf_str(value), buf_str(&old->value), value->len) == 0 &&
            has_metadata_of(&found.items[0], old);
    return 0;
}

/* One that is there and isn't the same loses its id here, so that it stays in both. */
static int copy(struct move *m, struct secret_envelope *secret, struct err *e)
{
    bool same = false;
    int r = ops_of(m)->save(m->p->secrets, secret, false, e);
    if (!r || r == ERR_ALREADY_EXISTS)
        r = is_same(m, secret, &same, e);
    if (r)
        return err_wrap(e, r, "copying %s", secret->id);
    if (!same) {
        m->differ++;
        free(TAKE(secret->id));
    }
    return 0;
}

static int copy_all(struct move *m, struct err *e)
{
    int r = use(m, m->note.to, e);
    for (size_t i = 0; i < m->list.len && !r; i++) {
        r = copy(m, &m->list.items[i], e);
        show_progress("copying", i + 1, m->list.len);
    }
    return r;
}

/* ---- removing ---- */

/* What was saved there meanwhile is in no other store, and stays. */
static int remove_one(struct move *m, const struct secret_envelope *secret, struct err *e)
{
    bool same = false;
    int r = is_same(m, secret, &same, e);
    if (r == ERR_NOT_FOUND)
        return 0;
    if (!r && !same)
        m->differ++;
    return r || !same ? r : ops_of(m)->remove(m->p->secrets, secret->id, e);
}

static int remove_all(struct move *m, struct err *e)
{
    int r = use(m, m->note.from, e);
    for (size_t i = 0; i < m->list.len && !r; i++) {
        const struct secret_envelope *secret = &m->list.items[i];
        if (secret->id)
            r = remove_one(m, secret, e);
        if (r)
            err_wrap(e, r, "removing %s in the store %s", secret->id, m->note.from);
        show_progress("removing", i + 1, m->list.len);
    }
    return r;
}

/* ---- the whole ---- */

/* All secrets are still where they were, so that store is used again. */
static int give_up(struct move *m, int code, struct err *e)
{
    struct err why = {0};
    if (store_switch(m->p->secrets, m->note.from, &why) || store_note_remove(&why))
        return err_wrap(e, code, "the move isn't finished (%s); say it again",
                        err_text(&why));
    return err_wrap(e, code, "nothing is moved, the store %s is used as before",
                    m->note.from);
}

static int finish(struct move *m, struct err *e)
{
    int r = store_switch(m->p->secrets, m->note.to, e);
    if (!r)
        r = store_note_remove(e);
    if (!r && m->differ)
        r = err_set(e, ERR_ALREADY_EXISTS,
                    "%zu secrets stay in the store %s: the store %s has others of these "
                    "ids",
                    m->differ, m->note.from, m->note.to);
    return r;
}

static int move(struct move *m, struct err *e)
{
    int r = store_note_write(&m->note, e);
    if (r)
        return r;
    r = use(m, m->note.from, e);
    if (!r)
        r = read_all(m, e);
    if (!r)
        r = copy_all(m, e);
    if (r)
        return give_up(m, r, e);
    r = remove_all(m, e);
    if (!r)
        return finish(m, e);
    /* All are in the new store; some are in the old one, too. */
    struct err why = {0};
    if (store_switch(m->p->secrets, m->note.to, &why))
        return err_wrap(e, r, "%s", err_text(&why));
    return err_wrap(e, r, "all secrets are copied, but not all removed; say it again");
}

/* ---- what is moved where ---- */

static int from_current(struct move *m, const char *to, struct err *e)
{
    char from[STORE_WORDS_SIZE];
    int r = store_current(m->p->secrets, from, e);
    if (r)
        return r;
    cut_name(from);
    if (str_equal(to, "auto") || !store_is_name(from))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "secrets are moved from keychain to file or the other way; the "
                       "active store is \"%s\"",
                       from);
    strcpy_cut(m->note.from, sizeof(m->note.from), from);
    strcpy_cut(m->note.to, sizeof(m->note.to), to);
    return 0;
}

/* One that was interrupted is finished, or taken back by a move the other way. */
static int plan(struct move *m, const char *to, struct err *e)
{
    struct store_note open;
    bool is_open;
    int r = store_note_read(&open, &is_open, e);
    if (r || !is_open)
        return r ? r : from_current(m, to, e);
    bool is_back = str_equal(to, open.from);
    if (!is_back && !str_equal(to, open.to))
        return err_set(e, ERR_FAILED_PRECONDITION,
                       "a move from %s to %s was interrupted: finish it (store set "
                       "--move %s), or take it back (store set --move %s)",
                       open.from, open.to, open.to, open.from);
    strcpy_cut(m->note.from, sizeof(m->note.from), is_back ? open.to : open.from);
    strcpy_cut(m->note.to, sizeof(m->note.to), to);
    return 0;
}

int store_move(struct pass *p, const char *to, struct err *e)
{
    struct move m = {.p = p, .passphrase = BUF_INIT};
    int r = plan(&m, to, e);
    if (!r && !str_equal(m.note.from, m.note.to))
        r = move(&m, e);
    secret_envelopes_deinit(&m.list);
    buf_deinit(&m.passphrase);
    return r;
}
