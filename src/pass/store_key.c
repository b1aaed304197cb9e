/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passphrases of the local store: to unlock it, and to protect its key otherwise. They
 * are asked for on a terminal; without one, standard input has them, a line each.
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/input.h"
#include "pass/prompt.h"
#include "pass/store_move.h"
#include "pass/verb.h"

/* The longest passphrase, and the most of them that one command needs. */
#define PASSPHRASE_MAX 1024
#define PASSPHRASES_MAX 2

const struct flag store_unlock_flags[] = {
    {"passphrase-file", 0, &flag_string,
     "Read the passphrase from the first line of a file", NULL, NULL},
    {0},
};

const struct flag store_key_flags[] = {
    {"new-file", 0, &flag_string, "Read the new passphrase from the first line of a file",
     NULL, NULL},
    {"old-file", 0, &flag_string, "Read the old passphrase from the first line of a file",
     NULL, NULL},
    {0},
};

/* Standard input, which is read when the first passphrase of it is needed. */
struct lines {
    struct buf text;
    size_t at;
    bool is_read;
};

static int take_line(const struct buf *text, size_t *at, const char *what,
                     struct buf *out, struct err *e)
{
    const char *line = buf_str(text) + *at;
    size_t n = strcspn(line, "\n");
    if (*at >= text->len || n == 0)
        return err_set(e, ERR_INVALID_ARGUMENT, "%s is missing in the input, or empty",
                       what);
    if (n > PASSPHRASE_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT, "%s has more than %d bytes", what,
                       PASSPHRASE_MAX);
    if (*at + n < text->len && line[n] == '\0')
        return err_set(e, ERR_INVALID_ARGUMENT, "%s has a NUL byte", what);
    *at += n + 1;
    return buf_append(out, line, n) ? err_no_memory(e) : 0;
}

static int read_file(const char *path, const char *what, struct buf *out, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    size_t at = 0;
    int r = input_read(path, false, PASSPHRASES_MAX * (PASSPHRASE_MAX + 1), &text, e);
    return r ? r : take_line(&text, &at, what, out, e);
}

static int read_input(struct lines *in, const char *what, struct buf *out, struct err *e)
{
    int r = 0;
    if (!in->is_read)
        r = input_read("-", true, PASSPHRASES_MAX * (PASSPHRASE_MAX + 1), &in->text, e);
    in->is_read = true;
    return r ? r : take_line(&in->text, &in->at, what, out, e);
}

/* What is left over was meant for a passphrase that isn't asked for: this key isn't what
 * the caller thinks it is. */
static int check_end(const struct lines *in, struct err *e)
{
    if (in->at < in->text.len)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "standard input has more lines than passphrases are needed");
    return 0;
}

static int get_passphrase(struct pass *p, struct lines *in, const char *flag,
                          const char *what, struct buf *out, struct err *e)
{
    const char *path = flags_string(&p->flags, flag);
    if (path)
        return read_file(path, what, out, e);
    if (!prompt_is_possible())
        return read_input(in, what, out, e);
    cleanup_free char *question = str_format("%s: ", what);
    return question ? prompt_secret(question, out, e) : err_no_memory(e);
}

/* A slip of the finger must not lock its owner out. */
static int get_new(struct pass *p, struct lines *in, struct buf *out, struct err *e)
{
    cleanup_buf struct buf again = BUF_INIT;
    bool is_asked = !flags_has(&p->flags, "new-file") && prompt_is_possible();
    int r = get_passphrase(p, in, "new-file", "New passphrase", out, e);
    if (!r && is_asked)
        r = prompt_secret("New passphrase again: ", &again, e);
    if (!r && is_asked && !str_equal(buf_str(out), buf_str(&again)))
        r = err_set(e, ERR_INVALID_ARGUMENT,
                    "the two passphrases differ; nothing is changed");
    return r;
}

int store_open(struct pass *p, struct buf *passphrase, struct err *e)
{
    struct coffer_store_state state;
    struct lines in = {.text = BUF_INIT};
    int r = p->secrets->ops->state(p->secrets, &state, e);
    if (r)
        return r == ERR_UNIMPLEMENTED ? 0 : r;
    if (!state.is_locked || !state.has_passphrase)
        return 0;
    if (!passphrase->len)
        r = get_passphrase(p, &in, "passphrase-file", "Passphrase", passphrase, e);
    buf_deinit(&in.text);
    return r ? r
             : p->secrets->ops->unlock(p->secrets, buf_str(passphrase), passphrase->len,
                                       e);
}

/* ---- the verbs ---- */

static int protect(struct pass *p, const char *protection, struct lines *in,
                   struct err *e)
{
    cleanup_buf struct buf old = BUF_INIT, new = BUF_INIT;
    struct coffer_store_state state;
    int r = p->secrets->ops->state(p->secrets, &state, e);
    if (!r && (state.has_passphrase || flags_has(&p->flags, "old-file")))
        r = get_passphrase(p, in, "old-file", "Old passphrase", &old, e);
    if (!r && str_equal(protection, "passphrase"))
        r = get_new(p, in, &new, e);
    if (!r)
        r = check_end(in, e);
    return r ? r : p->secrets->ops->protect(p->secrets, protection, &old, &new, e);
}

static int protect_by(struct pass *p, const char *protection, struct err *e)
{
    struct lines in = {.text = BUF_INIT};
    int r = protect(p, protection, &in, e);
    buf_deinit(&in.text);
    return r;
}

int store_passphrase_run(struct pass *p, struct err *e)
{
    return protect_by(p, "passphrase", e);
}

int store_key_run(struct pass *p, struct err *e)
{
    return protect_by(p, p->argv[0], e);
}

/* Nothing is asked of who has unlocked it already. */
static bool is_open(struct pass *p)
{
    struct coffer_store_state state;
    return !p->secrets->ops->state(p->secrets, &state, NULL) && !state.is_locked;
}

int store_unlock_run(struct pass *p, struct err *e)
{
    cleanup_buf struct buf passphrase = BUF_INIT;
    struct lines in = {.text = BUF_INIT};
    if (is_open(p))
        return 0;
    int r = get_passphrase(p, &in, "passphrase-file", "Passphrase", &passphrase, e);
    if (!r)
        r = check_end(&in, e);
    buf_deinit(&in.text);
    return r ? r
             : p->secrets->ops->unlock(p->secrets, buf_str(&passphrase), passphrase.len,
                                       e);
}

int store_lock_run(struct pass *p, struct err *e)
{
    return p->secrets->ops->lock(p->secrets, e);
}
